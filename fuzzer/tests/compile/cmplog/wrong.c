/* Pointers and lengths that a hook must not trust. The functions are our own and look at
 * nothing, so a fault would be the hook's. */
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define APART __attribute__((noinline))

/* The linker hooks calls of them by their names. They lie in a file of their own. */
int memcmpct(const void *, const void *, size_t);
int xmlStrcmp(const char *, const char *);
int xmlStrncmp(const char *, const char *, int);
const char *xmlStrstr(const char *, const char *);
int g_str_has_suffix(const char *, const char *);
const char *g_strstr_len(const char *, ptrdiff_t, const char *);

int main(void) {
    /* Two pages, of which only the first one is there. */
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || munmap(pages + 4096, 4096) != 0) return 1;
    char *end = pages + 4096;
    memcpy(end - 8, "page-end", 8);

    memcmpct(end - 8, "no more", (size_t)-1);
    xmlStrcmp(end - 8, "unterminated");
    xmlStrncmp(end - 4, "cut", -1);
    xmlStrstr(end - 3, "needle at the end");
    g_strstr_len(end - 8, -1, "haystack");
    g_str_has_suffix(end - 8, "suffix");

    /* None of these can be read at all. */
    memcmpct(NULL, "null", 4);
    memcmpct("offset", (char *)16, 4);
    memcmpct(end, "unmapped", 8);
    xmlStrcmp((char *)0xdead0000beef0000, "no address");
    xmlStrcmp("kernel", (char *)-1);
    g_str_has_suffix(NULL, NULL);
    /* Nothing to compare. */
    memcmpct("empty", "empty", 0);

    if (mprotect(pages, 4096, PROT_NONE) != 0) return 2;
    xmlStrcmp(pages, "protected");
    return 0;
}
