/* Compares each input once in a pass, and something else before the loop and behind it. */
#include <string.h>

__AFL_FUZZ_INIT();

__attribute__((noinline)) static int is(const char *data, const char *word, size_t size) {
    return memcmp(data, word, size) == 0;
}

volatile int result;

int main(void) {
    int found = is("before", "the loop", 6);
    __AFL_INIT();
    unsigned char *data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(3)) {
        if (__AFL_FUZZ_TESTCASE_LEN >= 4) found += is((char *)data, "LOOP", 4);
    }
    found += is("behind", "the loop", 6);
    result = found;
    return 0;
}
