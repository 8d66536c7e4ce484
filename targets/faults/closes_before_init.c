/* main() closes every descriptor, and starts the fork server after that. */
#include <unistd.h>

int main(void) {
    for (int descriptor = 0; descriptor < 256; descriptor++) close(descriptor);
    __AFL_INIT();
    return 0;
}
