/*
 * mode: one program for the conformance matrix, compiled once for each mode of a
 * fork server (-DFORK, -DDEFERRED, -DPERSISTENT, -DSHM).
 *
 * The input's first byte says how the run ends: 'e' exits with 3, '!' aborts, 'h'
 * hangs, all else is fine. With 'm' the program looks whether the mode is really in
 * use, and aborts if it is not: so each fuzzer shows it in the outcome.
 */
#include <stdlib.h>
#include <unistd.h>

#ifdef SHM
__AFL_FUZZ_INIT();
#endif

/* The process that the constructors ran in: the fork server, if there is one. */
static pid_t started;

__attribute__((constructor)) static void note_process(void) { started = getpid(); }

static volatile unsigned spent;

/* Not inlined, so that a run that hangs has covered an edge. */
__attribute__((noinline)) static void run(const unsigned char *input, long length, int in_use) {
    if (length < 1) return;
    switch (input[0]) {
    case 'e': exit(3);
    case '!': abort();
    case 'h':
        for (;;) spent++;
    case 'm':
        if (!in_use) abort();
        break;
    default:
        for (long i = 1; i < length; i++) {
            if (input[i] >= 'a') spent += 2;
            else spent += 1;
        }
    }
}

int main(void) {
#ifdef SHM
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    long length = __AFL_FUZZ_TESTCASE_LEN;
    run(buffer, length, getpid() != started && __afl_fuzz_ptr != NULL);
#else
    unsigned char buffer[64];
    long length;
#ifdef PERSISTENT
    int passes = 0;
    while (__AFL_LOOP(100)) {
        length = read(STDIN_FILENO, buffer, sizeof buffer);
        run(buffer, length, getpid() != started && passes > 0);
        passes++;
    }
#else
#ifdef DEFERRED
    /* Not before this line is there a server. */
    int early = getpid() == started;
    __AFL_INIT();
#else
    int early = 1;
#endif
    length = read(STDIN_FILENO, buffer, sizeof buffer);
    run(buffer, length, early && getpid() != started);
#endif
#endif
    return 0;
}
