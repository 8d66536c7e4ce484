#include "settings.h"
#include <stdlib.h>
#include <string.h>

/* Copies a word without the spaces around it. Returns 0 if it does not fit. */
static int copy_word(char *to, size_t room, const char *from, size_t size) {
    while (size > 0 && *from == ' ') from++, size--;
    while (size > 0 && from[size - 1] == ' ') size--;
    if (size == 0) return 0;
#ifndef FORGET_THE_LENGTH
    if (size >= room) return 0;
#endif
    memcpy(to, from, size);
    to[size] = '\0';
    return 1;
}

int read_settings(const char *text, size_t size, struct setting settings[MOST_SETTINGS]) {
    const char *end = text + size;
    int count = 0;
    while (text < end) {
        const char *line_end = memchr(text, '\n', end - text);
        if (line_end == NULL) line_end = end;
        const char *equals = memchr(text, '=', line_end - text);
        if (equals == NULL || count == MOST_SETTINGS) return -1;
        char value[24];
        struct setting *setting = &settings[count++];
        if (!copy_word(setting->name, sizeof setting->name, text, equals - text)) return -1;
        if (!copy_word(value, sizeof value, equals + 1, line_end - equals - 1)) return -1;
        setting->value = strtol(value, NULL, 10);
        text = line_end + 1;
    }
    return count;
}
