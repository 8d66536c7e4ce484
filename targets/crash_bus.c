/*
 * crash_bus: touches a mapped page behind the end of its file if the input
 * begins with '!'.
 *
 * What to look for: the child dies by SIGBUS, not SIGSEGV: the address is mapped,
 * but there is nothing behind it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
    char input[16];
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] == '!') {
        FILE *empty = tmpfile();
        if (empty == NULL) return 1;
        char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(empty), 0);
        if (page == MAP_FAILED) return 1;
        return *(volatile char *)page;
    }
    return 0;
}
