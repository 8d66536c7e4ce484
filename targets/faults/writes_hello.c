/* A constructor that writes a line to descriptor 199. */
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) {
    if (write(199, "Hello, world", 12) != 12) _exit(1);
}

int main(void) { return 0; }
