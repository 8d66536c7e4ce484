/* What a run does in the exercises. The first byte of standard input says it:
 * a digit: exit with that code; '!': crash; 'h': run for ever; anything else: exit
 * with 0. HERE() counts that the program came by: the lab's own instrumentation. */
#ifndef TASK_H
#define TASK_H

#include <stdlib.h>
#include <unistd.h>

/* The coverage map. By hand it is this array; a fork server lets it point to the
 * segment. */
static unsigned char by_hand[65536];
static unsigned char *map = by_hand;

#define HERE() (map[__LINE__]++)

static int task(void) {
    char first = 0;
    HERE();
    if (read(0, &first, 1) != 1) return 0;
    if (first == '!') {
        HERE();
        abort();
    }
    if (first == 'h') {
        HERE();
        for (;;) HERE();
    }
    if (first >= '0' && first <= '9') {
        HERE();
        return first - '0';
    }
    return 0;
}

#endif
