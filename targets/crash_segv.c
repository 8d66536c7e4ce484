/*
 * crash_segv: writes through a null pointer if the input begins with '!'.
 *
 * What to look for: the child dies by SIGSEGV, and the coverage of the run is
 * complete nevertheless.
 */
#include <unistd.h>

int main(void) {
    char input[16];
    volatile char *volatile nowhere = NULL;
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] == '!') *nowhere = 1;
    return 0;
}
