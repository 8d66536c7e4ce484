/* Becomes a daemon before it starts the fork server. */
#include <unistd.h>

int main(void) {
    if (fork() != 0) _exit(0);
    setsid();
    if (fork() != 0) _exit(0);
    __AFL_INIT();
    return 0;
}
