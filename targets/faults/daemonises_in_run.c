/* Leaves a daemon of its own behind in each run. */
#include <unistd.h>

int main(void) {
    if (fork() != 0) return 0;
    setsid();
    if (fork() != 0) _exit(0);
    for (;;) pause();
}
