/*
 * checksum: a message is a length, that many bytes, and a checksum of one byte.
 * Of a message that is whole it looks at the command in its first byte, and aborts
 * if that is not ASCII.
 *
 * What to look for: a change to a byte must come with a change to the checksum.
 * With one byte of checksum luck does that once in 256 times; with four bytes
 * the fuzzer would need to see what is compared.
 */
#include <stdlib.h>
#include <unistd.h>

__AFL_FUZZ_INIT();

static unsigned char checksum(const unsigned char *bytes, long length) {
    unsigned char sum = 0x5a;
    while (length-- > 0) sum = (unsigned char)(sum * 3 + *bytes++);
    return sum;
}

static void receive(const unsigned char *input, long size) {
    if (size < 2) return;
    long length = input[0];
    if (length == 0 || length > size - 2) return;
    if (checksum(input + 1, length) != input[1 + length]) return;
    if (input[1] >= 0x80) abort();
}

int main(void) {
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(10000)) {
        long length = __AFL_FUZZ_TESTCASE_LEN;
        receive(buffer, length);
    }
    return 0;
}
