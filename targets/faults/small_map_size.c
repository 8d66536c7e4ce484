/* Says that its map has 64 bytes and writes a mebibyte. */
#include "wire.h"

int main(void) {
    unsigned char *counters = map();
    shake(64);
    for (;;) {
        pid_t child = begin_run();
        if (child == 0) {
            for (int edge = 0; edge < 1 << 20; edge++) counters[edge] = 1;
            _exit(0);
        }
        end_run(child);
    }
}
