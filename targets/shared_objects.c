/*
 * shared_objects: a program and two shared objects, all three instrumented. The
 * first byte says who handles the rest: 'l' the left object, 'r' the right one.
 *
 * What to look for: the edges of all three are counted, apart from each other,
 * and a crash in a shared object is a crash.
 */
#include <unistd.h>

int left(const char *text, long length);
int right(const char *text, long length);

int main(void) {
    char input[32];
    ssize_t length = read(STDIN_FILENO, input, sizeof input);
    if (length < 1) return 0;
    switch (input[0]) {
    case 'l': return left(input + 1, length - 1);
    case 'r': return right(input + 1, length - 1);
    default: return 0;
    }
}
