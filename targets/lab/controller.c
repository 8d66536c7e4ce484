/* A controller for one run: controller TARGET [ARGS] < input. Speaks classic and
 * version 1. Prints how the run ended and how many counters are not zero. The solution
 * of the second exercise of docs/lab.md. */

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 198, STATUS = 199, MAP_SIZE = 65536, LIMIT_MS = 1000, START_MS = 10000 };
static const uint32_t HELLO_V1 = 0x41464c01;
static int to_server, from_server;
static pid_t server;

static void fail(const char *what) {
    fprintf(stderr, "controller: %s\n", what);
    if (server > 0) kill(server, SIGKILL);
    exit(1);
}

/* Waits for a word. 0 when the limit passes: no wait is without one. */
static int receive(uint32_t *word, int limit_ms) {
    struct pollfd status = {.fd = from_server, .events = POLLIN};
    if (poll(&status, 1, limit_ms) == 0) return 0;
    if (read(from_server, word, sizeof *word) != sizeof *word) fail("the fork server is gone");
    return 1;
}
static void send_word(uint32_t word) {
    if (write(to_server, &word, sizeof word) != sizeof word) fail("the fork server is gone");
}

static void start(char **command, int segment) {
    int control[2], status[2];
    char id[16];
    if (pipe(control) || pipe(status)) fail("no pipe");
    snprintf(id, sizeof id, "%d", segment);
    pid_t controller = getpid();
    server = fork();
    if (server < 0) fail("no process");
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);           /* it does not outlive us, */
        if (getppid() != controller) _exit(1);      /* who may have ended just before */
        dup2(control[0], CONTROL);
        dup2(status[1], STATUS);
        close(control[0]), close(control[1]), close(status[0]), close(status[1]);
        setenv("__AFL_SHM_ID", id, 1);
        execvp(command[0], command);
        _exit(127);
    }
    close(control[0]), close(status[1]);
    to_server = control[1], from_server = status[0];
}

static void shake_hands(void) {
    uint32_t word;
    if (!receive(&word, START_MS)) fail("no hello");
    if (word != HELLO_V1) return;                   /* classic: nothing follows */
    send_word(word ^ 0xffffffff);
    do {                                            /* options, their parameters, the end */
        if (!receive(&word, START_MS)) fail("the handshake stops");
    } while (word != HELLO_V1);
}

int main(int argc, char **argv) {
    if (argc < 2) fail("usage: controller TARGET [ARGS] < input");
    int segment = shmget(IPC_PRIVATE, MAP_SIZE, IPC_CREAT | 0600);
    unsigned char *map = shmat(segment, NULL, 0);
    shmctl(segment, IPC_RMID, NULL);                /* it goes with the last process */
    if (segment < 0 || map == (void *)-1) fail("no segment");
    start(argv + 1, segment);
    shake_hands();

    uint32_t child, status;
    send_word(0);                                   /* run; nobody was killed before */
    if (!receive(&child, START_MS)) fail("no pid");
    int in_time = receive(&status, LIMIT_MS);
    if (!in_time) {
        kill((pid_t)child, SIGKILL);
        if (!receive(&status, START_MS)) fail("no wait status");
    }
    int edges = 0;
    for (int i = 0; i < MAP_SIZE; i++) edges += map[i] != 0;
    if (!in_time) printf("over its limit");
    else if (WIFSIGNALED(status)) printf("signal %d", WTERMSIG(status));
    else printf("exit %d", WEXITSTATUS(status));
    printf(", %d counters\n", edges);

    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
