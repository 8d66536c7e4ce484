#include "settings.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct setting settings[MOST_SETTINGS];
    read_settings((const char *)data, size, settings);
    return 0;
}
