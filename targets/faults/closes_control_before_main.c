/* A constructor that closes the control pipe alone. */
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) { close(198); }

int main(void) { return 0; }
