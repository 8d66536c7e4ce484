/*
 * deferred: takes its time in main() and starts the fork server after that, with
 * __AFL_INIT().
 *
 * What to look for: under a fuzzer the process that gets the input is another
 * one than the process that did the work: it exits with 10. By hand it is the
 * same process: it exits with 20.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    char input[16];
    struct timespec second = {1, 0};
    pid_t worker = getpid();
    nanosleep(&second, NULL);

    __AFL_INIT();

    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] == '!') abort();
    return getpid() == worker ? 20 : 10;
}
