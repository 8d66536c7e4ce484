/* Writes without end to standard output and standard error. */
#include <unistd.h>

int main(void) {
    static const char block[4096];
    for (;;) {
        if (write(1, block, sizeof block) < 0 || write(2, block, sizeof block) < 0) return 1;
    }
}
