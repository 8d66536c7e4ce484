/*
 * input_shm: takes its input from shared memory, one process a run, and exits
 * with its length modulo 100.
 *
 * What to look for: no system call reads the input. By hand the same macros read
 * stdin. The buffer's address has to be asked for after __AFL_INIT().
 */
#include <unistd.h>

__AFL_FUZZ_INIT();

int main(void) {
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    long length = __AFL_FUZZ_TESTCASE_LEN;
    /* Touch each byte: the whole input has to be there. */
    unsigned sum = 0;
    for (long i = 0; i < length; i++) sum += buffer[i];
    if (length > 0 && sum == 0) return 101;
    return (int)(length % 100);
}
