/* A constructor that leaves a daemon behind, which holds the pipes, and ends. */
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) {
    if (fork() != 0) _exit(4);
    setsid();
    if (fork() != 0) _exit(0);
    for (;;) pause();
}

int main(void) { return 0; }
