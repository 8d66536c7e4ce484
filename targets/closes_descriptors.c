/*
 * closes_descriptors: closes every file descriptor, as daemons do, before it
 * looks at its input.
 *
 * What to look for: the pipes of the fork server are among the numbers that it
 * closes. They are not open in the child, so nothing is lost.
 */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[16];
    ssize_t length = read(STDIN_FILENO, input, sizeof input);
    for (int descriptor = 0; descriptor < 1024; descriptor++) close(descriptor);
    if (length > 0 && input[0] == '!') abort();
    return length > 0 && input[0] == 'x' ? 6 : 0;
}
