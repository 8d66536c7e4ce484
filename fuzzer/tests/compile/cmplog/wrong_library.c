#include <stddef.h>
int memcmpct(const void *a, const void *b, size_t n) { return (a != b) + (n > 3); }
int xmlStrcmp(const char *a, const char *b) { return a != b; }
int xmlStrncmp(const char *a, const char *b, int n) { return (a != b) + (n > 3); }
const char *xmlStrstr(const char *a, const char *b) { return a < b ? a : b; }
int g_str_has_suffix(const char *a, const char *b) { return a != b; }
const char *g_strstr_len(const char *a, ptrdiff_t n, const char *b) { return n < 4 ? a : b; }
