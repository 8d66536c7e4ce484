/* Looks whether its standard input is as it would be after a shell's `<`, then does to it
 * what the argument says. Exits with the input's first byte, or with what is wrong. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char content[1 << 16];

static int same(const char *path, size_t length) {
    char again[sizeof content];
    int file = open(path, O_RDWR);
    if (file < 0) return 0;
    int is_same = read(file, again, sizeof again) == (ssize_t)length && !memcmp(again, content, length);
    struct flock lock = {.l_type = F_WRLCK};
    is_same &= !flock(file, LOCK_EX | LOCK_NB) && !fcntl(file, F_OFD_SETLK, &lock);
    close(file);
    return is_same;
}

static int look(void) {
    char path[PATH_MAX];
    struct stat facts;
    struct flock lock = {.l_type = F_WRLCK};
    if (lseek(0, 0, SEEK_CUR) != 0) return 1;
    ssize_t length = read(0, content, sizeof content);
    if (length < 1 || content[length - 1] != '$') return 2;
    if (fstat(0, &facts) || !S_ISREG(facts.st_mode) || facts.st_size != length) return 3;
    if ((fcntl(0, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) != O_RDWR) return 4;
    if (!same("/dev/stdin", length)) return 5;
    if (!realpath("/proc/self/fd/0", path) || access(path, R_OK | W_OK)) return 6;
    if (!same(path, length)) return 7;
    if (fcntl(0, F_SETLK, &lock)) return 8;
    lock.l_type = F_UNLCK;
    if (fcntl(0, F_SETLK, &lock)) return 8;
    for (int shared = 0; shared < 2; shared++) {
        char *map = mmap(0, length, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, 0, 0);
        if (map == MAP_FAILED || memcmp(map, content, length)) return 9;
        munmap(map, length);
    }
    return 0;
}

static void meddle(char how) {
    char *map;
    int file;
    struct flock lock = {.l_type = F_WRLCK};
    switch (how) {
    case 't': ftruncate(0, 1); break;
    case 'T': ftruncate(0, 1 << 20); break;
    case 'a': lseek(0, 0, SEEK_END); write(0, "more", 4); break;
    case 'w': file = open("/dev/stdin", O_WRONLY); write(file, "other", 5); close(file); break;
    case 'O': file = open("/dev/stdin", O_WRONLY | O_TRUNC); close(file); break;
    case 'm': map = mmap(0, 1, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0); *map = 'm'; break;
    case 'f': fcntl(0, F_SETFL, O_APPEND | O_NONBLOCK); break;
    case 'A': fcntl(0, F_SETFL, O_APPEND); write(0, "more", 4); break;
    case 'l': flock(0, LOCK_EX); break;
    case 'L': fcntl(0, F_OFD_SETLK, &lock); break;
    case 'p': fchmod(0, 0); break;
    }
}

#ifdef PERSISTENT
int main(int count, char **arguments) {
    while (__AFL_LOOP(1000)) {
        int wrong = look();
        if (wrong) _exit(100 + wrong);
        meddle(count > 1 ? *arguments[1] : ' ');
    }
    return 0;
}
#else
int main(int count, char **arguments) {
    int wrong = look();
    meddle(count > 1 ? *arguments[1] : ' ');
    return wrong ? 100 + wrong : content[0];
}
#endif
