#include <stddef.h>

#define MOST_SETTINGS 8

struct setting {
    char name[16];
    long value;
};

/* Reads lines such as "width = 80". Returns how many there are, or -1. */
int read_settings(const char *text, size_t size, struct setting settings[MOST_SETTINGS]);
