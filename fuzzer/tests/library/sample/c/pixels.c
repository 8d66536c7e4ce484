/* pixels FILE: counts the dark pixels of a picture. The file begins with "PX", a byte of
 * width and a byte of height; a byte for each pixel follows. */
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "usage: pixels FILE\n"), 2;
    FILE *file = fopen(arguments[1], "rb");
    if (file == NULL) return perror(arguments[1]), 2;
    unsigned char head[4];
    if (fread(head, 1, sizeof head, file) != sizeof head || head[0] != 'P' || head[1] != 'X')
        return fprintf(stderr, "no picture\n"), 1;
    size_t size = (size_t)head[2] * head[3];
    unsigned char *pixels = malloc(size + 1);
    if (pixels == NULL) return 2;
    if (fread(pixels, 1, size, file) != size) return fprintf(stderr, "too short\n"), 1;
    size_t dark = 0;
    for (size_t at = 0; at < size; at++) dark += pixels[at] < 128;
    printf("%zu\n", dark);
    return 0;
}
