/* Stops itself before its persistent loop, once a child. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    raise(SIGSTOP);
    while (__AFL_LOOP(100)) {
        char first = 0;
        if (read(0, &first, 1) == 1 && first == '!') abort();
    }
    return 0;
}
