/* Three words that no mutation hits by chance. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    static char data[256];
    uint32_t first;
    uint64_t last;
    if (read(0, data, sizeof data - 1) < 24) return 0;
    memcpy(&first, data, sizeof first);
    memcpy(&last, data + 12, sizeof last);
    if (first != 0xdeadbeef) return 1;
    if (strncmp(data + 4, "Tine-Log", 8) != 0) return 2;
    if (last != 0x1122334455667799) return 3;
    abort();
}
