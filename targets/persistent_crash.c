/*
 * persistent_crash: a persistent target that dies by SIGSEGV if the input begins
 * with '!'.
 *
 * What to look for: the crash ends the process and not the fuzzing: the next
 * input gets a fresh process.
 */
#include <unistd.h>

__AFL_FUZZ_INIT();

int main(void) {
    volatile char *volatile nowhere = NULL;
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        long length = __AFL_FUZZ_TESTCASE_LEN;
        if (length > 0 && buffer[0] == '!') *nowhere = 1;
    }
    return 0;
}
