/*
 * What the fork servers that are written by hand share. They speak the protocol
 * themselves, without a runtime, so that each can break it in one place.
 */
#ifndef WIRE_H
#define WIRE_H

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 198, STATUS = 199 };
static const uint32_t HELLO = 0x41464c01; /* v1 */
static const uint32_t CLASSIC = 0;        /* any value that means nothing else */
static const uint32_t MAP_SIZE = 1, AUTODICT = 0x800;

/* A fuzzer looks for this string, with its NUL, to know a target. */
__attribute__((used)) static const char SIGNATURE[] = "__AFL_SHM_ID";

/* Sends bytes on the status pipe; ends when nobody reads it. */
static inline void send_bytes(const void *bytes, size_t size) {
    if (write(STATUS, bytes, size) != (ssize_t)size) _exit(1);
}

static inline void send_word(uint32_t word) { send_bytes(&word, sizeof word); }

/* The next word on the control pipe; ends when it is closed. */
static inline uint32_t receive_word(void) {
    uint32_t word;
    if (read(CONTROL, &word, sizeof word) != sizeof word) _exit(0);
    return word;
}

/* Waits to be killed. */
static inline void wait_for_ever(void) {
    for (;;) pause();
}

/* v1 up to the options. */
static inline void hello(void) {
    send_word(HELLO);
    receive_word();
}

/* The whole of v1 with a map of so many bytes. */
static inline void shake(uint32_t map_size) {
    hello();
    send_word(MAP_SIZE);
    send_word(map_size);
    send_word(HELLO);
}

/* The coverage segment. */
static inline unsigned char *map(void) {
    const char *id = getenv(SIGNATURE);
    unsigned char *map = id == NULL ? (void *)-1 : shmat(atoi(id), NULL, 0);
    if (map == (void *)-1) _exit(1);
    return map;
}

/* Waits for a request, forks, and says the child's pid. Returns 0 in the child. */
static inline pid_t begin_run(void) {
    receive_word();
    pid_t child = fork();
    if (child == 0) {
        close(CONTROL);
        close(STATUS);
        setpgid(0, 0);
    } else {
        send_word(child < 0 ? 0 : (uint32_t)child);
    }
    return child;
}

/* Reports how the child ended. */
static inline void end_run(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    send_word((uint32_t)status);
}

#endif
