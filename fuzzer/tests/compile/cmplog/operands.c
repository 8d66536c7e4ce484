/* Comparisons of every width. */
#include <stdint.h>
#include <stdlib.h>

#define APART __attribute__((noinline))

APART static int width1(uint8_t a) { return a == 0x31 ? 1 : 2; }
APART static int width2(uint16_t a) { return a == 0x4142 ? 1 : 2; }
APART static int width4(uint32_t a) { return a == 0x51525354 ? 1 : 2; }
APART static int width8(uint64_t a) { return a == 0x6162636465666768 ? 1 : 2; }
APART static int both(uint32_t a, uint32_t b) { return a < b ? 1 : 2; }
APART static int real4(float a) { return a > 7.5f ? 1 : 2; }
APART static int real8(double a) { return a > 4.5 ? 1 : 2; }

APART static int cases(uint32_t a) {
    switch (a) {
        case 1: return width1(5);
        case 300: return width2(7);
        case 70000: return width4(9);
        case 0x7fff1234: return width8(11);
        default: return 0;
    }
}

/* No compiler knows what goes in, and that nobody wants what comes out. */
volatile uint64_t source = 0x1122334455667788u;
volatile int result;

int main(int count, char **arguments) {
    (void)arguments;
    uint64_t seed = source;
    int sum = width1((uint8_t)seed) + width2((uint16_t)seed) + width4((uint32_t)seed);
    sum += width8(seed) + both((uint32_t)seed, (uint32_t)(seed >> 32));
    sum += real4((float)count) + real8((double)count) + cases((uint32_t)seed);
    result = sum;
    return 0;
}
