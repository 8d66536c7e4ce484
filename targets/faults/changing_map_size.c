/* Has a map of another size each time it is started, and ends in its first run. */
#include "wire.h"

int main(void) {
    shake(64 + (uint32_t)getpid());
    begin_run();
    _exit(0);
}
