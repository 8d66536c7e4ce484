/* Says hello in a version of the protocol that does not exist. */
#include "wire.h"

int main(void) {
    send_word(0x41464c63);
    wait_for_ever();
}
