/* Ends in the middle of a wait status. */
#include "wire.h"

int main(void) {
    send_word(CLASSIC);
    pid_t child = begin_run();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    send_bytes("\0", 2);
    _exit(0);
}
