/*
 * forks: hands its input to a child process and waits for it. The child exits
 * with 5; on 'c' it crashes; on 'h' it hangs.
 *
 * What to look for: the child's coverage is counted. A crash of the child is
 * what its parent makes of it, here exit code 1. At the time limit the whole
 * process group is ended, or the child would be left behind.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int work(char command) {
    switch (command) {
    case 'c': abort();
    case 'h': for (;;) pause();
    default: return 5;
    }
}

int main(void) {
    char input[16];
    int status = 0;
    if (read(STDIN_FILENO, input, sizeof input) < 1) return 0;
    pid_t child = fork();
    if (child < 0) return 101;
    if (child == 0) _exit(work(input[0]));
    if (waitpid(child, &status, 0) != child) return 102;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
