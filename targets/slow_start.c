/*
 * slow_start: its constructor takes a second, its main() next to nothing.
 *
 * What to look for: the fork server starts behind the constructors, so the
 * second is paid once and not by each run, and a run's time limit may be
 * shorter than it. Compare with deferred.c.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int ready;

__attribute__((constructor)) static void start_slowly(void) {
    struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    ready = 1;
}

int main(void) {
    char input[16];
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (!ready) return 9;
    if (input[0] == '!') abort();
    return 0;
}
