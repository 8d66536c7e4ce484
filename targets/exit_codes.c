/*
 * exit_codes: exits with the number that the input begins with.
 *
 * What to look for: an exit code is not a crash, whatever it is, unless the user
 * says that one is, with AFL_CRASH_EXITCODE.
 */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[16] = {0};
    if (read(STDIN_FILENO, input, sizeof input - 1) < 1) return 0;
    return atoi(input);
}
