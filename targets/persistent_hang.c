/*
 * persistent_hang: a persistent target that never comes back from an input that
 * begins with 'h'.
 *
 * What to look for: the process is killed at the time limit, and the next input
 * gets a fresh one.
 */
#include <unistd.h>

__AFL_FUZZ_INIT();

int main(void) {
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        long length = __AFL_FUZZ_TESTCASE_LEN;
        if (length > 0 && buffer[0] == 'h') {
            for (;;) pause();
        }
    }
    return 0;
}
