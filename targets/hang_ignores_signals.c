/*
 * hang_ignores_signals: blocks and ignores every signal that can be, then hangs
 * if the input begins with 'h'.
 *
 * What to look for: only SIGKILL ends it, so a fuzzer that asks politely with
 * SIGTERM waits for ever.
 */
#include <signal.h>
#include <unistd.h>

int main(void) {
    char input[16];
    sigset_t all;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    if (input[0] == 'h') {
        for (;;) pause();
    }
    return 0;
}
