/* Compares its input with constants of every kind that tine-cc gathers. */
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *const words[] = {"function", "local", "end of line", "while"};

static char input[256];

#define AS(type, at) (__extension__({ type value; memcpy(&value, input + (at), sizeof value); value; }))

int main(void) {
    long len = read(0, input, sizeof input - 1);
    int found = 0;
    if (len < 32) return 1;
    if (AS(uint32_t, 0) == 0xdeadbeef) found |= 1;
    if (AS(uint64_t, 4) == 0x1122334455667788) found |= 2;
    if (AS(uint16_t, 12) == 0x8950) found |= 4;
    if (__builtin_bswap32(AS(uint32_t, 16)) == 0x89abcdef) found |= 8;
    if (!strcmp(input, "MAGICWORD")) found |= 16;
    if (!strncmp(input + len / 2, "prefix:", 7)) found |= 32;
    if (!memcmp(input, "\x89PNG\r\n\x1a\n", 8)) found |= 64;
    if (!memcmp(input, "sixteen bytes ok", 16)) found |= 128;
    if (!memcmp(input + len / 3, "0123456789abcdefghijKLM", 23)) found |= 256;
    if (!strcasecmp(input, "Content-Type")) found |= 512;
    if (strstr(input, "needle")) found |= 1024;
    if (AS(float, 20) > 1999.5f) found |= 4096;
    if (AS(double, 24) < -12.75) found |= 8192;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(input, words[i])) found |= 2048;
    return found;
}
