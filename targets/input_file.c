/*
 * input_file: reads the file that its argument names and exits with the file's
 * length modulo 100.
 *
 * What to look for: the argument is written @@ on the fuzzer's command line; the
 * fuzzer puts a file's name in its place.
 */
#include <stdio.h>

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: input_file FILE\n");
        return 101;
    }
    FILE *file = fopen(arguments[1], "rb");
    if (file == NULL) {
        perror(arguments[1]);
        return 102;
    }
    long total = 0;
    while (fgetc(file) != EOF) total++;
    fclose(file);
    return (int)(total % 100);
}
