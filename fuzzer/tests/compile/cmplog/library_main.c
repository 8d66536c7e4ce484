#include <stdint.h>
int classify(const char *, uint32_t);
volatile int result;
int main(int count, char **arguments) {
    (void)arguments;
    result = classify("input", 0x41424343u + (uint32_t)count);
    return 0;
}
