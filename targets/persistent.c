/*
 * persistent: handles many inputs in one process, with input by shared memory.
 *
 * What to look for: no fork between two inputs, yet each input covers the same
 * edges, the first of a process like the tenth, after which a fresh process
 * takes over.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__AFL_FUZZ_INIT();

static int shout(const unsigned char *input, long length) {
    int loud = 0;
    for (long i = 0; i < length; i++) {
        if (input[i] >= 'A' && input[i] <= 'Z') loud++;
        else if (input[i] == '!') loud += 2;
    }
    return loud;
}

int main(void) {
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(10)) {
        long length = __AFL_FUZZ_TESTCASE_LEN;
        if (shout(buffer, length) > 40) abort();
    }
    return 0;
}
