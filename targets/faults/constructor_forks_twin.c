/* A constructor that forks; both processes become a fork server on the same pipes. */
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) { (void)!fork(); }

int main(void) { return 0; }
