/*
 * magic_bytes: aborts if the input begins with the five letters "prong".
 *
 * What to look for: random input hits that once in 2 to the 40th times. Each
 * letter is a branch of its own, so the fuzzer keeps an input with the first
 * letter right, then with two, and so on.
 */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[16] = {0};
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] != 'p') return 1;
    if (input[1] != 'r') return 2;
    if (input[2] != 'o') return 3;
    if (input[3] != 'n') return 4;
    if (input[4] != 'g') return 5;
    abort();
}
