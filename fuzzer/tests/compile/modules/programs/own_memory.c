/* Each of these must be the only one of its name. They work, but not as the runtime
   would have it: memory that is equal is found different where `wrong` says so. */
#include <stddef.h>
#include <unistd.h>
static volatile int wrong = 1;
int memcmp(const void *first, const void *second, size_t size) {
    const unsigned char *one = first, *two = second;
    for (; size > 0; size--, one++, two++)
        if (*one != *two) return *one - *two;
    return 0;
}
int bcmp(const void *first, const void *second, size_t size) {
    return memcmp(first, second, size) || wrong;
}
static volatile int seen;
int main(void) {
    char text[2] = "";
    if (read(0, text, 1) != 1) return 1;
    if (memcmp(text, "a", 1) == 0) seen = 2;
    else seen = 3;
    return seen;
}
