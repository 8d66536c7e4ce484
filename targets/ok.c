/*
 * ok: reads some bytes, counts letters, digits and the rest, and ends well.
 *
 * What to look for: every run exits with 0; inputs of another kind cover other
 * edges, and the same input covers the same edges each time.
 */
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    unsigned char input[256];
    int letters = 0, digits = 0, others = 0;
    ssize_t length = read(STDIN_FILENO, input, sizeof input);
    for (ssize_t i = 0; i < length; i++) {
        if (isalpha(input[i])) letters++;
        else if (isdigit(input[i])) digits++;
        else others++;
    }
    printf("%d letters, %d digits, %d others\n", letters, digits, others);
    return 0;
}
