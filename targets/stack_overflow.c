/*
 * stack_overflow: copies the input into an array on the stack that is too short
 * for it. Built with AddressSanitizer.
 *
 * What to look for: without the sanitizer one byte too many goes unnoticed. With
 * it the run is a crash, with a report that names the line when run by hand.
 */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    char input[64] = {0};
    char word[9] = {0};
    ssize_t length = read(STDIN_FILENO, input, sizeof input);
    for (ssize_t i = 0; i < length && input[i] != ' '; i++) word[i] = input[i];
    printf("%.9s\n", word);
    return 0;
}
