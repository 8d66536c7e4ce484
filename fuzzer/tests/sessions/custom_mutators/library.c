/* Every function of a custom mutator, each of which notes its call in the file that LOG
   names. Which of them there are, and what they do, is chosen by macros. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static FILE *out;
static void note(const char *format, ...) {
    if (!out) out = fopen(getenv("LOG"), "a");
    va_list list; va_start(list, format); vfprintf(out, format, list); va_end(list);
    fflush(out);
}
static char data[2 << 20]; static char *const me = data;
static unsigned char buffer[2 << 20];
#ifndef TAG
#define TAG "x"
#endif
void *afl_custom_init(void *state, unsigned seed) {
    const char *bytes = state; int zero = 1;
    for (long i = 0; i < 1327128; i++) zero &= bytes[i] == 0;
    note(TAG " init zeros=%d seed=%u program=%s argv=%s out=%s\n", zero, seed,
        getenv("AFL_CUSTOM_INFO_PROGRAM"), getenv("AFL_CUSTOM_INFO_PROGRAM_ARGV"),
        getenv("AFL_CUSTOM_INFO_OUT"));
    return me;
}
void afl_custom_deinit(void *d) { note(TAG " deinit %d\n", d == me); }
#ifdef FUZZ
size_t afl_custom_fuzz(void *d, unsigned char *buf, size_t n, unsigned char **result,
        unsigned char *add, size_t add_n, size_t max) {
    note(TAG " fuzz %d %zu %.*s other=%d,%zu max=%zu\n", d == me, n, (int)n, buf, add != NULL, add_n, max);
    *result = buffer;
    return FUZZ;
}
#endif
#ifdef COUNT
unsigned afl_custom_fuzz_count(void *d, const unsigned char *buf, size_t n) {
    note(TAG " fuzz_count %d %.*s\n", d == me, (int)n, buf);
    return COUNT;
}
#endif
#ifdef DESCRIBE
const char *afl_custom_describe(void *d, size_t max) {
    note(TAG " describe %d %d\n", d == me, max > 20 && max < 256);
    return DESCRIBE;
}
#endif
#ifdef PROCESS
size_t afl_custom_post_process(void *d, unsigned char *buf, size_t n, unsigned char **result) {
    note(TAG " post_process %d\n", d == me);
    *result = buffer;
    return PROCESS;
}
#endif
#ifdef HAVOC
size_t afl_custom_havoc_mutation(void *d, unsigned char *buf, size_t n, unsigned char **result, size_t max) {
    note(TAG " havoc_mutation %d %d\n", d == me, max >= n);
    *result = buffer;
    return HAVOC;
}
unsigned char afl_custom_havoc_mutation_probability(void *d) { return 50; }
#endif
#ifdef GET
unsigned char afl_custom_queue_get(void *d, const char *file) {
    note(TAG " queue_get %d %s\n", d == me, file);
    return GET;
}
#endif
#ifdef ENTRY
unsigned char afl_custom_queue_new_entry(void *d, const char *file, const char *source) {
    note(TAG " queue_new_entry %d %s from %s\n", d == me, file, source ? source : "nothing");
    return ENTRY;
}
#endif
#ifdef TRIM
static size_t have; static int at;
int afl_custom_init_trim(void *d, unsigned char *buf, size_t n) {
    note(TAG " init_trim %d %.*s\n", d == me, (int)n, buf);
    memcpy(buffer + 1000, buf, n); have = n; at = 0;
    return TRIM;
}
size_t afl_custom_trim(void *d, unsigned char **result) {
    note(TAG " trim %d\n", d == me);
    *result = buffer + 1000;
    return have - 1;
}
int afl_custom_post_trim(void *d, unsigned char success) {
    note(TAG " post_trim %d %d\n", d == me, success);
    if (success) have--;
    return success ? at : TRIM;
}
#endif
#ifdef SEND
void afl_custom_fuzz_send(void *d, const unsigned char *buf, size_t n) {
    note(TAG " fuzz_send %d %.*s\n", d == me, (int)n, buf);
}
#endif
#ifdef RUN
void afl_custom_post_run(void *d) { note(TAG " post_run %d\n", d == me); }
#endif
#ifdef OPTOUT
void afl_custom_splice_optout(void *d) { }
#endif
