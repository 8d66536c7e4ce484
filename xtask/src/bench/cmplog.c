/* Runs a harness on files, again and again, and prints the processor time of a run in
 * nanoseconds: cmplog RUNS FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LONGEST 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int count, char **arguments) {
    long runs = count > 2 ? atol(arguments[1]) : 0;
    int files = count - 2;
    uint8_t *data = runs > 0 ? malloc((size_t)files * LONGEST) : NULL;
    size_t *sizes = runs > 0 ? malloc((size_t)files * sizeof *sizes) : NULL;
    if (data == NULL || sizes == NULL) return 1;
    for (int index = 0; index < files; index++) {
        FILE *file = fopen(arguments[2 + index], "rb");
        if (file == NULL) return 2;
        sizes[index] = fread(data + (size_t)index * LONGEST, 1, LONGEST, file);
        fclose(file);
    }
    double start = now();
    for (long run = 0; run < runs; run++) {
        int index = (int)(run % files);
        LLVMFuzzerTestOneInput(data + (size_t)index * LONGEST, sizes[index]);
    }
    printf("%.1f\n", (now() - start) / (double)runs);
    return 0;
}
