/* Ends in its first run; does not start the second time, and then works well. */
#include "starts.h"
#include "wire.h"

int main(void) {
    long start = count_start();
    if (start == 2) _exit(6);
    shake(64);
    if (start == 1) {
        receive_word();
        _exit(0);
    }
    for (;;) {
        pid_t child = begin_run();
        if (child == 0) _exit(0);
        end_run(child);
    }
}
