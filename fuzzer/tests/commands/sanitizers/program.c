/* Makes the mistake that each byte of its input names: once, or for each input anew. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef CHECKS_LEAKS
int __lsan_do_recoverable_leak_check(void);
#endif

static volatile int largest = 0x7fffffff;
static void *volatile kept;
static int shared;
/* Orders the two accesses in time, but not for the thread sanitizer: of two at the very
   same moment it may miss both. */
static int accessed;

static void *other_thread(void *unused) {
    shared++;
    __atomic_store_n(&accessed, 1, __ATOMIC_RELAXED);
    return unused;
}

static int mistake(char what) {
    int *memory = malloc(sizeof *memory);
    int result = 0;
    switch (what) {
    case 'a':
        free(memory);
        return *memory & 3;
    case 'u':
        result = largest + what;
        break;
    case 'm':
        if (*memory) result = 3;
        break;
    case 'l':
        kept = malloc(1000);
        kept = NULL;
        break;
    case 's':
        *(volatile int *)8 = 1;
        break;
    case 'b':
        kept = malloc(64 << 20);
        free(kept);
        kept = NULL;
        break;
    case 't': {
        pthread_t thread;
        __atomic_store_n(&accessed, 0, __ATOMIC_RELAXED);
        pthread_create(&thread, NULL, other_thread, NULL);
        while (!__atomic_load_n(&accessed, __ATOMIC_RELAXED)) sched_yield();
        shared++;
        pthread_join(thread, NULL);
        break;
    }
    }
    free(memory);
    return result & 3;
}

/* Leaves no pointer to what was lost where its callers look. */
static void clean(void) {
    volatile char stack[4096];
    for (unsigned i = 0; i < sizeof stack; i++) stack[i] = 0;
}

int main(void) {
    int result = 0;
#ifdef PERSISTENT
    while (__AFL_LOOP(1000))
#endif
    {
        char what = 0;
        if (read(0, &what, 1) == 1) result = mistake(what);
        clean();
#ifdef CHECKS_LEAKS
        if (__lsan_do_recoverable_leak_check() > 0) _exit(CHECKS_LEAKS);
#endif
    }
    return result;
}
