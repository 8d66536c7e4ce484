/*
 * undefined: multiplies two numbers that may be too large for an int. Built with
 * UndefinedBehaviorSanitizer.
 *
 * What to look for: the product wraps silently without the sanitizer; with it,
 * and told not to recover, the run is a crash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[32] = {0};
    if (read(STDIN_FILENO, input, sizeof input - 1) < 1) return 0;
    int number = atoi(input);
    printf("%d\n", number * number);
    return 0;
}
