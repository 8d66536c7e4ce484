/*
 * crash_ill: executes an instruction that does not exist if the input begins
 * with '!'.
 *
 * What to look for: the child dies by SIGILL. Compilers emit such an instruction
 * where they know that the program can't go on.
 */
#include <unistd.h>

int main(void) {
    char input[16];
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] == '!') __builtin_trap();
    return 0;
}
