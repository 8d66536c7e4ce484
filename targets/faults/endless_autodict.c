/* Announces the longest dictionary, and never stops sending it. */
#include "wire.h"

int main(void) {
    static const unsigned char tokens[4096] = {1, 'a'};
    hello();
    send_word(MAP_SIZE | AUTODICT);
    send_word(64);
    send_word(0x00ffffff);
    for (;;) send_bytes(tokens, sizeof tokens);
}
