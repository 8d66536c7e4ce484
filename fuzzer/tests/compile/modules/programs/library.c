/* NAME is the function's; each byte of the input that it knows is a branch of its own. */
#ifndef NAME
#define NAME work
#endif
static volatile int seen;
int NAME(const char *text) {
    for (; *text; text++) {
        if (*text == 'a') seen = 1;
        else if (*text == 'b') seen = 2;
        else if (*text == 'c') seen = 3;
    }
    return 0;
}
