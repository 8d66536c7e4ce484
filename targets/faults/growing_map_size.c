/* Needs a little more room for its map than it gets, however much it gets. */
#include "wire.h"

int main(void) {
    const char *room = getenv("AFL_MAP_SIZE");
    shake((uint32_t)atoi(room == NULL ? "65536" : room) + 4096);
    wait_for_ever();
}
