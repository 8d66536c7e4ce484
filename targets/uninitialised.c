/*
 * uninitialised: decides by a variable that nobody set, if the input begins with
 * '!'. Built with MemorySanitizer, which only clang has.
 *
 * What to look for: nothing goes wrong without the sanitizer, as the memory just
 * holds some number. With it the run is a crash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[16];
    int *answer = malloc(sizeof *answer);
    if (answer == NULL || read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] != '!') *answer = 42;
    if (*answer == 42) puts("the answer");
    free(answer);
    return 0;
}
