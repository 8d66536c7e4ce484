/* Executes another program in place of itself. */
#include <stddef.h>
#include <unistd.h>

int main(void) {
    execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
    return 1;
}
