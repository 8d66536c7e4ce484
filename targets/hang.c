/*
 * hang: never ends if the first byte is not ASCII.
 *
 * What to look for: the run is ended at its time limit. It burns the processor
 * until then: compare with sleep.c.
 */
#include <unistd.h>

int main(void) {
    unsigned char input[16];
    volatile unsigned rounds = 0;
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] >= 0x80) {
        for (;;) rounds++;
    }
    return 0;
}
