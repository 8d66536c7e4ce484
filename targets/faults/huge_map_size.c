/* Has a map of 4 GiB. */
#include "wire.h"

int main(void) {
    shake(0xffffffff);
    wait_for_ever();
}
