/*
 * Writes a word to the status pipe while it runs. The child's 199 is closed: a
 * constructor kept another descriptor of the pipe.
 */
#include <unistd.h>

static int kept;

__attribute__((constructor)) static void before_main(void) { kept = dup(199); }

int main(void) {
    char first = 0;
    if (read(0, &first, 1) == 1 && first == '!' && write(kept, "oops", 4) != 4) return 1;
    /* Long enough for a reader that does not look whose word it is. */
    usleep(200 * 1000);
    return 0;
}
