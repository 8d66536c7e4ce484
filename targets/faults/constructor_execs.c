/* A constructor that executes another program. */
#include <stddef.h>
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) {
    execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
}

int main(void) { return 0; }
