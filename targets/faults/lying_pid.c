/* Announces its parent, the fuzzer, as the child to be killed. */
#include "wire.h"

int main(void) {
    send_word(CLASSIC);
    receive_word();
    send_word((uint32_t)getppid());
    wait_for_ever();
}
