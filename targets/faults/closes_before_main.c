/* A constructor that closes every descriptor above standard error. */
#include <unistd.h>

__attribute__((constructor)) static void before_main(void) {
    for (int descriptor = 3; descriptor < 256; descriptor++) close(descriptor);
}

int main(void) { return 0; }
