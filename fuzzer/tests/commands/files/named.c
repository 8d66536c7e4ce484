/* Looks whether its input file is a regular one with one name, then does to it what the
 * argument says. Exits with the input's first byte, or with what is wrong. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char **arguments) {
    char content[256] = {0}, inside[4096];
    struct stat facts;
    const char *input = arguments[1], *victim = arguments[3];
    if (count < 4) return 1;
    if (lstat(input, &facts) || !S_ISREG(facts.st_mode) || facts.st_nlink != 1) return 2;
    int file = open(input, O_RDWR);
    if (file < 0) return 3;
    ssize_t length = read(file, content, sizeof content);
    if (length < 1 || content[length - 1] != '$' || facts.st_size != length) return 4;
    close(file);
    if (*arguments[2] != 'n' && *arguments[2] != 'h' && *arguments[2] != 'c' && *arguments[2] != 'a') unlink(input);
    snprintf(inside, sizeof inside, "%s/file", input);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    switch (*arguments[2]) {
    case 'a': file = open(input, O_WRONLY | O_APPEND); write(file, "more", 4); close(file); break;
    case 'h': unlink("taken"); link(input, "taken"); break;
    case 's': symlink(victim, input); break;
    case 'H': link(victim, input); break;
    case 'd': mkdir(input, 0700); break;
    case 'D': mkdir(input, 0700); creat(inside, 0600); chmod(input, 0); break;
    case 'f': mkfifo(input, 0600); break;
    case 'S': strncpy(address.sun_path, input, sizeof address.sun_path - 1);
              bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address); break;
    case 'c': chmod(input, 0); break;
    case 'r': creat(input, 0600); break;
    }
    return content[0];
}
