/* A call of each function of the C library that compares buffers. One operand is data,
 * the other a constant. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char data[64] = "abcdefgh, hello world";

volatile int result;

int main(int count, char **arguments) {
    (void)arguments;
    size_t four = 3 + (size_t)count, huge = (size_t)-count;
    int found = !memcmp(data, "memc", 4);
    found += !memcmp(data, "ten bytes!", 10);
    found += memcmp(data + 4, "var.", four) < 0;
    found += bcmp(data, "bcmp", 4) == 0;
    found += !strcmp(data, "strcmp");
    found += strncmp(data, "strncmp", 6) > 0;
    found += !strncmp(data, "unbounded", huge);
    found += !strcasecmp(data, "STRCASECMP");
    found += !strncasecmp(data, "Strncasecmp", 7);
    found += memmem(data, 20, "mem-mem", 7) != NULL;
    found += strstr(data, "str-str") != NULL;
    found += strcasestr(data, "Case-Str") != NULL;
    result = found;
    return 0;
}
