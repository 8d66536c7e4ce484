/* Leaves its persistent loop by longjmp: with 'o' for good, with 'b' to begin anew. */
#include <setjmp.h>
#include <unistd.h>

static jmp_buf begin;

int main(void) {
    if (setjmp(begin) == 2) return 5;
    while (__AFL_LOOP(100)) {
        char first = 0;
        if (read(0, &first, 1) != 1) continue;
        if (first == 'o') longjmp(begin, 2);
        if (first == 'b') longjmp(begin, 1);
    }
    return 0;
}
