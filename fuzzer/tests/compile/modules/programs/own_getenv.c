/* Nothing of this may be used before main. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>
static volatile int begun;
char **environ;
char *getenv(const char *name) { (void)name; if (!begun) _exit(70); return NULL; }
int dl_iterate_phdr(int (*callback)(void *, size_t, void *), void *data) {
    (void)callback; (void)data;
    if (!begun) _exit(71);
    return 0;
}
static volatile int seen;
int main(void) {
    char text[2] = "";
    begun = 1;
    if (read(0, text, 1) != 1 || getenv("HOME") != NULL) return 1;
    if (strcmp(text, "a") == 0) seen = 2;
    else seen = 3;
    return seen;
}
