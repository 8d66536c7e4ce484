/* Loads and unloads libraries as its arguments say, word by word:
   +FILE loads it, -FILE unloads it, =FILE calls its `work` on the input (before the fork
   server is there, on nothing), ! starts the fork server if it is deferred, * is the
   persistent loop over the words that follow. `?x+FILE` and the like are done only if the
   input has an x. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef PERSISTENT
__AFL_FUZZ_INIT();
#endif
#ifdef DEFERRED
static int started;
#else
static int started = 1;
#endif
static char text[64];
static struct { const char *name; void *handle; } known[2000];
static int slot_of(const char *name) {
    int slot = 0;
    while (known[slot].name && strcmp(known[slot].name, name) != 0) slot++;
    known[slot].name = name;
    return slot;
}
static int step(const char *word) {
    int slot;
    int (*work)(const char *);
    if (word[0] == '?') {
        if (strchr(text, word[1]) == NULL) return 0;
        word += 2;
    }
    slot = slot_of(word + 1);
    if (word[0] == '+') {
        known[slot].handle = dlopen(word + 1, RTLD_NOW);
        if (known[slot].handle == NULL) fprintf(stderr, "%s\n", dlerror());
        return known[slot].handle == NULL;
    }
    if (word[0] == '-') return dlclose(known[slot].handle) != 0;
    work = (int (*)(const char *))dlsym(known[slot].handle, "work");
    return work == NULL || work(text) != 0;
}
static int steps(char **words) {
    for (; *words != NULL; words++) {
        if (strcmp(*words, "!") == 0) {
#ifdef DEFERRED
            __AFL_INIT();
            started = 1;
#endif
        } else if (strcmp(*words, "*") == 0) {
#ifdef PERSISTENT
            unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
            while (__AFL_LOOP(1000)) {
                size_t length = (size_t)__AFL_FUZZ_TESTCASE_LEN;
                if (length > sizeof text - 1) length = sizeof text - 1;
                memset(text, 0, sizeof text);
                memcpy(text, buffer, length);
                if (steps(words + 1) != 0) _exit(4);
            }
#endif
            return 0;
        } else {
            if (started && text[0] == '\0' && strchr("=?", **words)
                && read(0, text, sizeof text - 1) < 1) return 2;
            if (step(*words) != 0) return 3;
        }
    }
    return 0;
}
int main(int count, char **words) { (void)count; return steps(words + 1); }
