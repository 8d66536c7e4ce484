/*
 * server: fork servers by hand, one for each dialect, and some that report an error.
 * They stand for compilers that the tests don't have (AFL's) and for what a compiler
 * rarely makes (dictionaries, huge maps, options nobody knows).
 *
 * The first argument chooses. Each run reads standard input: '!' aborts, 'h' hangs,
 * 'e' exits with 3, 's' exits with 4 if this is not the process's first pass.
 *
 * Built with -DPERSISTENT the child stops itself after each pass, as in AFL.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 198, STATUS = 199 };

#define HUGE_MAP (20u << 20)

#ifdef PERSISTENT
__attribute__((used)) static const char signature[] = "##SIG_AFL_PERSISTENT##";
enum { FLAGS = WUNTRACED };
#else
enum { FLAGS = 0 };
#endif

static unsigned char *map;
static uint32_t map_size = 65536;

static void say(uint32_t word) {
    if (write(STATUS, &word, 4) != 4) _exit(1);
}

static uint32_t hear(void) {
    uint32_t word;
    if (read(CONTROL, &word, 4) != 4) _exit(0);
    return word;
}

static void say_dictionary(void) {
    static const char tokens[] = "\x05prong\x02ok\x01x";
    say(sizeof tokens - 1);
    if (write(STATUS, tokens, sizeof tokens - 1) != sizeof tokens - 1) _exit(1);
}

static void attach(void) {
    const char *id = getenv("__AFL_SHM_ID");
    if (!id) _exit(9);
    map = shmat(atoi(id), NULL, 0);
    if (map == (void *)-1) _exit(9);
}

/* Room for the huge map? */
static int fits(void) {
    const char *size = getenv("AFL_MAP_SIZE");
    return size && (uint32_t)atoi(size) >= HUGE_MAP;
}

static void v1(uint32_t options, int dictionary) {
    say(0x41464c01);
    if (hear() != (0x41464c01 ^ 0xffffffff)) _exit(1);
    say(options | 1);
    say(map_size);
    if (dictionary) say_dictionary();
    say(0x41464c01);
}

/* 1: serve; 2: serve, and report this error in place of each pid. */
static uint32_t shake(const char *dialect) {
    if (!strcmp(dialect, "classic")) {
        say(0);
    } else if (!strcmp(dialect, "classic-odd")) {
        say(0x12345678);
    } else if (!strcmp(dialect, "options")) {
        /* Map size 1000, a dictionary, snapshots, compare log, IJON. */
        map_size = 1000;
        say(0x80000001 | 0x40000000 | 0x10000000 | 0x20000000 | 0x06000000 | 999 << 1);
        if ((hear() & 0x90000001) == 0x90000001) say_dictionary();
    } else if (!strcmp(dialect, "v1")) {
        map_size = 1000;
        v1(0x00100800 | 0x0004f000, 1);
    } else if (!strcmp(dialect, "v1-huge")) {
        map_size = HUGE_MAP;
        v1(0, 0);
    } else if (!strcmp(dialect, "v1-huge-error")) {
        if (!fits()) { say(0xeffe0001); _exit(1); }
        map_size = HUGE_MAP;
        v1(0, 0);
    } else if (!strcmp(dialect, "options-huge-error")) {
        if (!fits()) { say(0xf800018f); _exit(1); }
        /* The hello has no room for the size, which stays at 65536. */
        say(0x80000001);
    } else if (!strcmp(dialect, "hello-error-old")) {
        say(0xf800088f);
        _exit(1);
    } else if (!strcmp(dialect, "hello-error-new")) {
        say(0xeffe0008);
        _exit(1);
    } else if (!strcmp(dialect, "options-error-new")) {
        say(0x41464c01);
        hear();
        say(0xeffe0010);
        _exit(1);
    } else if (!strcmp(dialect, "last-error-new")) {
        say(0x41464c01);
        hear();
        say(1);
        say(64);
        say(0xeffe0002);
        _exit(1);
    } else if (!strcmp(dialect, "pid-error-old")) {
        say(0x80000001);
        return 0xf800048f;
    } else if (!strcmp(dialect, "pid-error-new")) {
        v1(0, 0);
        return 0xeffe0004;
    } else {
        _exit(9);
    }
    return 0;
}

static void run(int pass) {
    char input = 0;
    if (read(STDIN_FILENO, &input, 1) < 0) _exit(8);
    map[0] = 1;
    map[1 + (unsigned char)input] = 1;
    map[map_size - 1] = 1;
    switch (input) {
    case '!': abort();
    case 'h': for (;;) pause();
    case 'e': exit(3);
    case 's': if (pass > 0) exit(4);
    }
}

int main(int argc, char **argv) {
    if (argc < 2) return 9;
    attach();
    uint32_t error = shake(argv[1]);
    pid_t child = 0;
    int stopped = 0;
    for (;;) {
        int status;
        uint32_t was_killed = hear();
        if (error) {
            say(error);
            continue;
        }
        if (stopped && was_killed) {
            waitpid(child, &status, 0);
            stopped = 0;
        }
        if (stopped) {
            kill(child, SIGCONT);
        } else {
            child = fork();
            if (child < 0) _exit(1);
            if (!child) break;
        }
        say(child);
        if (waitpid(child, &status, FLAGS) < 0) _exit(1);
        stopped = WIFSTOPPED(status);
        say(status);
    }
    close(CONTROL);
    close(STATUS);
#ifdef PERSISTENT
    for (int pass = 0; pass < 100; pass++) {
        run(pass);
        raise(SIGSTOP);
    }
#else
    run(0);
#endif
    return 0;
}
