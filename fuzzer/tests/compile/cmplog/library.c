/* A shared object that compares. */
#include <stdint.h>
#include <string.h>

int classify(const char *text, uint32_t number) {
    int kind = strcmp(text, "in a library") == 0;
    kind += memcmp(text, "library", 4) == 0;
    if (number == 0x31323334) kind += 2;
    switch (number) {
        case 5: return kind + 70;
        case 600: return kind * 5;
        case 70000: return -kind;
        case 8000000: return 9 - kind;
        default: return kind;
    }
}
