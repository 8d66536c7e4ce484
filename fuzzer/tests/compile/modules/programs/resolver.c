/* The resolver of an indirect function has blocks and comparisons to count. */
#include <string.h>
#include <unistd.h>
static volatile int seen;
static int one(int c) { if (c == 'a') seen = 2; else seen = 3; return seen; }
static int two(int c) { if (c == 'a') seen = 2; else { seen = 4; seen = 3; } return seen; }
static int (*pick(void))(int) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") ? one : two;
}
int kind(int c) __attribute__((ifunc("pick")));
int main(void) {
    char text = 0;
    if (read(0, &text, 1) != 1) return 1;
    return kind(text);
}
