/*
 * persistent_stdin: handles many inputs in one process, each read from stdin.
 *
 * What to look for: the fuzzer rewinds stdin before each pass, so that the same
 * read() yields the next input.
 */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[64];
    while (__AFL_LOOP(100)) {
        ssize_t length = read(STDIN_FILENO, input, sizeof input);
        if (length < 1) continue;
        if (input[0] == '!' && input[length - 1] == '?') abort();
    }
    return 0;
}
