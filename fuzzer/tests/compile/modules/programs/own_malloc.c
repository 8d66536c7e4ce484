/* An allocator that cannot be used before main has set it up. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static char memory[1 << 20], *next, *end;
void *malloc(size_t size) {
    char *given = next;
    if (next == NULL) _exit(70);
    size = (size + 15) & ~(size_t)15;
    if (size > (size_t)(end - next)) return NULL;
    next += size;
    return given;
}
void free(void *given) { (void)given; if (next == NULL) _exit(71); }
void *calloc(size_t count, size_t size) {
    void *given = malloc(count * size);
    return given ? memset(given, 0, count * size) : NULL;
}
void *realloc(void *old, size_t size) {
    void *given = malloc(size);
    if (given && old) memcpy(given, old, size);
    return given;
}
static volatile int seen;
int main(void) {
    char *text;
    next = memory;
    end = memory + sizeof memory;
    text = malloc(100);
    if (text == NULL || read(0, text, 99) < 1) return 1;
    if (text[0] == 'a') seen = 2;
    else seen = 3;
    return seen;
}
