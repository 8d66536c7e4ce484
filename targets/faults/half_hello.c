/* Says half a hello, and nothing more. */
#include "wire.h"

int main(void) {
    send_bytes(&HELLO, 2);
    wait_for_ever();
}
