/*
 * large_map: more than 65,536 edges: 2,048 functions with 16 branches each, which
 * macros write out. The first two bytes choose a function, the third its
 * branches. Built without optimisation, so that no branch is folded away.
 *
 * What to look for: the coverage map is larger than the 64 KiB that fuzzers start
 * with; the handshake tells its size. Edges at its far end count like others.
 */
#include <stdlib.h>
#include <unistd.h>

static volatile unsigned sink;

#define BRANCH(n, bit) if (bits & (1u << (bit))) sink = 8u * (n) + (bit); else sink = ~sink;
#define BRANCHES(n) \
    BRANCH(n, 0) BRANCH(n, 1) BRANCH(n, 2) BRANCH(n, 3) \
    BRANCH(n, 4) BRANCH(n, 5) BRANCH(n, 6) BRANCH(n, 7)
#define FUNCTION(n) \
    static void function_##n(unsigned bits) { BRANCHES(n##u) bits = ~bits; BRANCHES(n##u) }
#define CALL(n) case n: function_##n(bits); break;

/* X(prefix0) to X(prefix7), and so on: the numbers are octal, 01000 to 04777. */
#define ONES(X, p) X(p##0) X(p##1) X(p##2) X(p##3) X(p##4) X(p##5) X(p##6) X(p##7)
#define TENS(X, p) \
    ONES(X, p##0) ONES(X, p##1) ONES(X, p##2) ONES(X, p##3) \
    ONES(X, p##4) ONES(X, p##5) ONES(X, p##6) ONES(X, p##7)
#define HUNDREDS(X, p) \
    TENS(X, p##0) TENS(X, p##1) TENS(X, p##2) TENS(X, p##3) \
    TENS(X, p##4) TENS(X, p##5) TENS(X, p##6) TENS(X, p##7)
#define ALL(X) HUNDREDS(X, 01) HUNDREDS(X, 02) HUNDREDS(X, 03) HUNDREDS(X, 04)

ALL(FUNCTION)

int main(void) {
    unsigned char input[3];
    if (read(STDIN_FILENO, input, sizeof input) != sizeof input) return 0;
    unsigned bits = input[2];
    switch (input[0] << 8 | input[1]) {
    ALL(CALL)
    case 0xffff: abort();
    default: return 1;
    }
    return 0;
}
