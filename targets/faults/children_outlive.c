/* Forks children that ignore whatever they can and outlive it. */
#include <signal.h>
#include <unistd.h>

int main(void) {
    for (int count = 0; count < 3; count++) {
        if (fork() == 0) {
            for (int number = 1; number < 64; number++) signal(number, SIG_IGN);
            for (;;) pause();
        }
    }
    return 0;
}
