/* Allocates without end, and writes to all of it. */
#include <stdlib.h>
#include <string.h>

int main(void) {
    for (;;) {
        /* volatile: a compiler may leave out what nobody looks at. */
        char *volatile block = malloc(1 << 20);
        if (block == NULL) exit(9);
        memset(block, 1, 1 << 20);
    }
}
