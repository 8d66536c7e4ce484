/* Says half a hello and ends. */
#include "wire.h"

int main(void) { send_bytes(&HELLO, 2); }
