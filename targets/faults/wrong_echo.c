/* Says hello rightly, and ends the handshake with another word than that. */
#include "wire.h"

int main(void) {
    hello();
    send_word(MAP_SIZE);
    send_word(64);
    send_word(~HELLO);
    wait_for_ever();
}
