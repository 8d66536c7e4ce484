/* A fork server of the classic dialect, from the specification alone: the solution of
 * the first exercise of docs/lab.md.
 *
 * BROKEN (1 to 5) breaks it in one of the ways of the third exercise. */

#include "task.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>

#ifndef BROKEN
#define BROKEN 0
#endif

enum { CONTROL = 198, STATUS = 199 };

/* Both return 0 when the other side is gone. */
static int receive(uint32_t *word) {
    return read(CONTROL, word, sizeof *word) == sizeof *word;
}
static int send_word(uint32_t word) {
    return write(STATUS, &word, sizeof word) == sizeof word;
}

/* A fuzzer looks for this name in the file: it tells that the program takes part. */
static const char SEGMENT[] = "__AFL_SHM_ID";

/* Attaches the coverage map, if there is a fuzzer. */
static int attach(void) {
    const char *id = getenv(SEGMENT);
    if (!id) return 0;
    void *segment = shmat(atoi(id), NULL, 0);
    if (segment == (void *)-1) return 0;
    map = segment;
    return 1;
}

/* Returns in each child, and where there is no fuzzer. */
static void serve(void) {
    uint32_t was_killed;
    if (BROKEN == 1) return;                        /* never says hello */
    if (BROKEN == 2) {                              /* half a hello */
        if (write(STATUS, "ab", 2) != 2) return;
        for (;;) pause();
    }
    if (!send_word(0)) return;                      /* the hello */
    if (BROKEN == 3) exit(5);                       /* hello, then dies */

    while (receive(&was_killed)) {                  /* a request */
        pid_t server = getpid(), child = fork();
        if (child < 0) exit(1);
        if (child == 0) {                           /* the child goes on to main */
            close(CONTROL);
            close(STATUS);
            prctl(PR_SET_PDEATHSIG, SIGKILL);       /* it does not outlive the server, */
            if (getppid() != server) _exit(1);      /* which may have ended just before */
            return;
        }
        int status;
        if (!send_word(BROKEN == 4 ? 0 : (uint32_t)child)) exit(1);
        if (waitpid(child, &status, 0) != child) exit(1);
        if (BROKEN == 5) for (;;) pause();          /* never sends the status */
        if (!send_word((uint32_t)status)) exit(1);
    }
    exit(0);                                        /* the controller is gone */
}

__attribute__((constructor)) static void start(void) {
    if (attach()) serve();
}

int main(void) {
    return task();
}
