#include <stdint.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    char data[16] = "";
    uint32_t word;
    if (read(0, data, sizeof data) < 8) return 1;
    memcpy(&word, data, sizeof word);
    if (word != 0xdeadbeef) return 2;
    return strncmp(data + 4, "Tine", 4) == 0 ? 3 : 4;
}
