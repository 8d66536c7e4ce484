/*
 * input_stdin: reads all of stdin and exits with its length modulo 100.
 *
 * What to look for: each run gets its own input from the first byte to the last,
 * be it longer or shorter than the one before, and empty if it is empty.
 */
#include <unistd.h>

int main(void) {
    char block[512];
    long total = 0;
    ssize_t length;
    while ((length = read(STDIN_FILENO, block, sizeof block)) > 0) total += length;
    return (int)(total % 100);
}
