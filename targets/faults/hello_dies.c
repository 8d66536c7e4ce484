/* Says hello and ends. */
#include "wire.h"

int main(void) {
    send_word(HELLO);
    _exit(3);
}
