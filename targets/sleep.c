/*
 * sleep: sleeps as many tenths of a second as the input says.
 *
 * What to look for: a slow run under the limit is an ordinary run. One over the
 * limit is ended at the limit, though it uses no processor time.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    char input[8] = {0};
    if (read(STDIN_FILENO, input, sizeof input - 1) < 1) return 0;
    int tenths = atoi(input);
    if (tenths > 0) {
        struct timespec time = {tenths / 10, tenths % 10 * 100000000L};
        nanosleep(&time, NULL);
    }
    return 0;
}
