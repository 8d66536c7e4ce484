/* Sends its dictionary byte by byte, for days. */
#include "wire.h"

int main(void) {
    hello();
    send_word(MAP_SIZE | AUTODICT);
    send_word(64);
    send_word(0x00ffffff);
    for (;;) {
        send_bytes("a", 1);
        usleep(20 * 1000);
    }
}
