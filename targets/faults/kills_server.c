/* Kills its parent, which is the fork server. */
#include <signal.h>
#include <unistd.h>

int main(void) {
    char first = 0;
    if (read(0, &first, 1) == 1 && first == 'k') {
        kill(getppid(), SIGKILL);
        pause();
    }
    return 0;
}
