/*
 * crash_abort: gives up with abort() if the input begins with '!'.
 *
 * What to look for: the child dies by SIGABRT, as with a failed assert().
 */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[16];
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] == '!') abort();
    return 0;
}
