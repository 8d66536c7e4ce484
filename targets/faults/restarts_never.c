/* Ends in its first run, and never starts again. */
#include "starts.h"
#include "wire.h"

int main(void) {
    if (count_start() > 1) _exit(6);
    shake(64);
    receive_word();
    _exit(0);
}
