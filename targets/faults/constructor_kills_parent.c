/* A constructor that kills its parent, which is the fuzzer. */
#include <signal.h>
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) { kill(getppid(), SIGKILL); }

int main(void) { return 0; }
