/* Kills every process that it may. Only in a PID namespace of its own! */
#include <signal.h>
#include <unistd.h>

int main(void) {
    char first = 0;
    if (read(0, &first, 1) == 1 && first == '!') kill(-1, SIGKILL);
    return 0;
}
