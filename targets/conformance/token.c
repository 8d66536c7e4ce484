/*
 * token: aborts behind a word that is compared as a whole, so that no part of it can
 * be found alone.
 *
 * Compiled by AFL++'s LTO mode the program carries the word in a dictionary, which it
 * sends in the handshake.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    char input[64] = {0};
    if (read(STDIN_FILENO, input, sizeof input - 1) < 1) return 0;
    if (strncmp(input, "tuning-fork!", 12) == 0) abort();
    return 1;
}
