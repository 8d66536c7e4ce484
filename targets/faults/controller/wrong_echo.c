/*
 * A controller that answers the right hello with a wrong echo. Prints how the target,
 * its argument, ends: a runtime must not run under somebody who does not speak its
 * protocol.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
    int control[2], status[2], ended = 0;
    uint32_t word = 0;
    char id[16];
    int segment = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
    if (count < 2 || segment < 0 || shmat(segment, NULL, 0) == (void *)-1) return 1;
    /* Removed with its last user, whatever happens. */
    shmctl(segment, IPC_RMID, NULL);
    snprintf(id, sizeof id, "%d", segment);
    setenv("__AFL_SHM_ID", id, 1);
    setenv("AFL_MAP_SIZE", "8388608", 1);
    if (pipe(control) != 0 || pipe(status) != 0) return 2;
    pid_t target = fork();
    if (target == 0) {
        dup2(control[0], 198);
        dup2(status[1], 199);
        for (int end = 0; end < 2; end++) {
            close(control[end]);
            close(status[end]);
        }
        execv(arguments[1], arguments + 1);
        _exit(127);
    }
    close(control[0]);
    close(status[1]);
    if (read(status[0], &word, sizeof word) != sizeof word || word != 0x41464c01) return 3;
    word = 0x12345678;
    if (write(control[1], &word, sizeof word) != sizeof word) return 4;
    if (waitpid(target, &ended, 0) != target) return 5;
    if (WIFEXITED(ended)) {
        printf("exited with code %d\n", WEXITSTATUS(ended));
    } else {
        printf("was killed by signal %d\n", WTERMSIG(ended));
    }
    return 0;
}
