/*
 * use_after_free: a list of commands on one piece of memory: a allocates, w
 * writes, r reads, f frees. It exits with the number of reads that found
 * what was written. Built with AddressSanitizer.
 *
 * What to look for: to write after a free ("afw") is a crash with the sanitizer
 * and luck without it.
 */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    char input[32];
    volatile char *memory = NULL;
    int allocated = 0, found = 0;
    ssize_t length = read(STDIN_FILENO, input, sizeof input);
    for (ssize_t i = 0; i < length; i++) {
        switch (input[i]) {
        case 'a':
            if (!allocated) memory = calloc(16, 1);
            allocated = 1;
            break;
        case 'w':
            if (memory != NULL) memory[3] = 'w';
            break;
        case 'r':
            if (memory != NULL && memory[3] == 'w') found++;
            break;
        case 'f':
            /* The pointer should be reset here, and is not. */
            if (allocated) free((void *)memory);
            allocated = 0;
            break;
        default:
            break;
        }
    }
    return found;
}
