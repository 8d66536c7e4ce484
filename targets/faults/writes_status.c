/*
 * Writes a word to the status pipe while it runs. The child's 199 is closed: a
 * constructor kept another descriptor of the pipe. With '!' the word is the wait
 * status of a child that exited with code 0, with '?' it is none.
 */
#include <unistd.h>

static int kept;

__attribute__((constructor)) static void before_main(void) { kept = dup(199); }

int main(void) {
    char first = 0;
    if (read(0, &first, 1) != 1) return 1;
    if (first == '!' && write(kept, "\0\0\0", 4) != 4) return 1;
    if (first == '?' && write(kept, "oops", 4) != 4) return 1;
    /* Long enough for a reader that does not look whose word it is. */
    usleep(200 * 1000);
    return 0;
}
