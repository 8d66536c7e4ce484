/*
 * demo: reads a TIP, a tiny picture in a made-up format, and prints it.
 *
 * A TIP begins with the letters TIP. Commands of one letter follow:
 *   s W H   the size: width and height, a digit from 1 to 6 each
 *   i N     the inks to print with: set 0 or set 1
 *   f K N   fill: ink number K (0 to 3) for the next N pixels (1 to 9)
 *   r N     repeat: the last row again, N times (1 to 9)
 *   e       the end
 * Anything else between commands is skipped, as spaces and line ends are.
 * For example "TIP s42 f24 f14 e" is four pixels by two: one row of ink 2, one of 1.
 *
 * What to look for: one command trusts its input. Nothing goes wrong with
 * pictures that anyone would draw, and no random file gets as far as there.
 * A fuzzer that sees which branches an input took gets there one letter at a
 * time.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LARGEST 6

static const char *const ink_sets[] = {" .+#", "0123"};

struct picture {
    int width;
    int height;
    int used; /* pixels set so far */
    unsigned char pixels[LARGEST * LARGEST];
    const char *inks;
};

struct reader {
    const char *at;
    const char *end;
};

/* The next character, or 0 at the end of the file. */
static char next(struct reader *in) {
    return in->at < in->end ? *in->at++ : '\0';
}

/* The next character as a digit between two limits, or -1 if it is not one. */
static int digit(struct reader *in, int least, int most) {
    int value = next(in) - '0';
    return value < least || value > most ? -1 : value;
}

static int set_size(struct reader *in, struct picture *picture) {
    int width = digit(in, 1, LARGEST);
    int height = digit(in, 1, LARGEST);
    if (width < 0 || height < 0 || picture->used > 0) return -1;
    picture->width = width;
    picture->height = height;
    return 0;
}

static int choose_inks(struct reader *in, struct picture *picture) {
    int set = digit(in, 0, 1);
    if (set < 0) return -1;
    picture->inks = ink_sets[set];
    return 0;
}

static int fill(struct reader *in, struct picture *picture) {
    int ink = digit(in, 0, 3);
    int count = digit(in, 1, 9);
    if (ink < 0 || count < 0) return -1;
    if (picture->used + count > picture->width * picture->height) return -1;
    while (count-- > 0) picture->pixels[picture->used++] = (unsigned char)ink;
    return 0;
}

/* The planted bug: `fill` limits its count and asks whether the pixels still
 * fit, `repeat` does neither. Rows beyond the array land in the member behind
 * it, the pointer to the inks. */
static int repeat(struct reader *in, struct picture *picture) {
    int rows = next(in) - '0';
    if (rows < 1 || picture->width == 0 || picture->used < picture->width) return -1;
    while (rows-- > 0) {
        for (int column = 0; column < picture->width; column++) {
            picture->pixels[picture->used] = picture->pixels[picture->used - picture->width];
            picture->used++;
        }
    }
    return 0;
}

static int read_picture(struct reader *in, struct picture *picture) {
    if (next(in) != 'T') return -1;
    if (next(in) != 'I') return -1;
    if (next(in) != 'P') return -1;
    for (;;) {
        int failed = 0;
        switch (next(in)) {
        case 's': failed = set_size(in, picture); break;
        case 'i': failed = choose_inks(in, picture); break;
        case 'f': failed = fill(in, picture); break;
        case 'r': failed = repeat(in, picture); break;
        case 'e':
        case '\0': return 0;
        default: break;
        }
        if (failed) return -1;
    }
}

static void print_picture(const struct picture *picture) {
    for (int i = 0; i < picture->used; i++) {
        putchar(picture->inks[picture->pixels[i]]);
        if ((i + 1) % picture->width == 0) putchar('\n');
    }
}

int main(void) {
    char file[256];
    ssize_t length = read(STDIN_FILENO, file, sizeof file);
    struct reader in = {file, file + (length > 0 ? length : 0)};
    struct picture picture;
    memset(&picture, 0, sizeof picture);
    picture.inks = ink_sets[0];
    if (read_picture(&in, &picture) != 0) {
        fprintf(stderr, "this is not a TIP\n");
        return 1;
    }
    print_picture(&picture);
    return 0;
}
