/* Stops itself; there is no persistent loop in which that means something. */
#include <signal.h>

int main(void) {
    raise(SIGSTOP);
    return 0;
}
