/* A constructor that waits for something that never comes. */
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) {
    for (;;) pause();
}

int main(void) { return 0; }
