/* A destructor that closes every descriptor. */
#include <unistd.h>

__attribute__((destructor)) static void after_main(void) {
    for (int descriptor = 0; descriptor < 256; descriptor++) close(descriptor);
}

int main(void) { return 0; }
