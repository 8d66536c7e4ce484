/* How often the program was started in this folder: a byte a time in a file. */
#ifndef STARTS_H
#define STARTS_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static inline long count_start(void) {
    struct stat found;
    int file = open("starts", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || write(file, "x", 1) != 1 || fstat(file, &found) != 0) _exit(2);
    close(file);
    return (long)found.st_size;
}

#endif
