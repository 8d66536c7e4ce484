/*
 * crash_fpe: divides by zero if the first two bytes are the same.
 *
 * What to look for: an integer division by zero dies by SIGFPE.
 */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    unsigned char input[2];
    if (read(STDIN_FILENO, input, sizeof input) != sizeof input) return 0;
    volatile int difference = input[0] - input[1];
    printf("%d\n", 1000 / difference);
    return 0;
}
