/*
 * The program that `cargo xtask bench spawn` runs: reads its input and counts
 * letters. The work is small on purpose: what is measured is everything else.
 * With -DPERSISTENT it does the same for many inputs in one process.
 */
#include <unistd.h>

static int letters(void) {
    unsigned char input[64];
    int count = 0;
    ssize_t length = read(STDIN_FILENO, input, sizeof input);
    for (ssize_t i = 0; i < length; i++)
        if (input[i] >= 'a' && input[i] <= 'z') count++;
    return count;
}

int main(void) {
#ifdef PERSISTENT
    volatile int last = 0;
    while (__AFL_LOOP(1000000)) last = letters();
    return 0;
#else
    return letters() == 5 ? 0 : 1;
#endif
}
