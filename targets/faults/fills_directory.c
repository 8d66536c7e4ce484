/* Writes to its working directory until no room is left. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    static const char block[65536] = {1};
    int file = open("filled", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0) return 1;
    while (write(file, block, sizeof block) > 0) {
    }
    return errno == ENOSPC ? 28 : 2;
}
