/*
 * crash_recursion: adds up nested brackets with a function that calls itself,
 * and never comes back from a '!'.
 *
 * What to look for: the stack runs out, so the child dies by SIGSEGV. Whoever
 * wants to handle that signal needs a stack of their own.
 */
#include <unistd.h>

/* The frame is used after the call, so that it can't be optimised away. */
static int depth(const char *at) {
    volatile char frame[1024];
    frame[0] = *at;
    if (*at == '!') return depth(at) + frame[0];
    if (*at == '(') return depth(at + 1) + frame[0] - '(' + 1;
    return 0;
}

int main(void) {
    char input[65] = {0};
    if (read(STDIN_FILENO, input, sizeof input - 1) < 1) return 0;
    return depth(input) > 1000;
}
