/*
 * persistent_exit: a persistent target that calls exit(7) from inside its loop
 * if the input begins with 'x'.
 *
 * What to look for: that is an exit like any other; it costs a fork.
 */
#include <stdlib.h>
#include <unistd.h>

__AFL_FUZZ_INIT();

int main(void) {
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        long length = __AFL_FUZZ_TESTCASE_LEN;
        if (length > 0 && buffer[0] == 'x') exit(7);
    }
    return 0;
}
