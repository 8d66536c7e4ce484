/* Announces a dictionary of 4 GiB. */
#include "wire.h"

int main(void) {
    hello();
    send_word(MAP_SIZE | AUTODICT);
    send_word(64);
    send_word(0xffffffff);
    wait_for_ever();
}
