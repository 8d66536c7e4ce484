/* Says the child's pid, and never how it ended. */
#include "wire.h"

int main(void) {
    send_word(CLASSIC);
    if (begin_run() == 0) _exit(0);
    wait_for_ever();
}
