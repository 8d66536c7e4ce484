/*
 * persistent_state: a persistent target that forgets to set a pointer back. It
 * dies by SIGSEGV when one process is told to open a page ('o'), to close it
 * ('c') and then to read it ('r').
 *
 * What to look for: no input crashes it alone, neither by hand nor in a fresh
 * process. The fuzzer keeps the inputs that ran before the crash in the same
 * process, in OUT/default/replay, and `tine showmap --replay` runs them again.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

__AFL_FUZZ_INIT();

#define PAGE 4096

static volatile char *page;

static void open_page(void) {
    if (page != NULL) return;
    void *fresh = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh != MAP_FAILED) page = fresh;
}

static void close_page(void) {
    /* page = NULL is missing. */
    if (page != NULL) munmap((void *)page, PAGE);
}

int main(void) {
    __AFL_INIT();
    unsigned char *buffer = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        long length = __AFL_FUZZ_TESTCASE_LEN;
        if (length < 1) continue;
        if (buffer[0] == 'o') open_page();
        else if (buffer[0] == 'c') close_page();
        else if (buffer[0] == 'r' && page != NULL) (void)page[0];
    }
    return 0;
}
