/* The right shared object of shared_objects.c: aborts on '!'. */
#include <stdlib.h>

int right(const char *text, long length);

int right(const char *text, long length) {
    if (length > 0 && text[0] == '!') abort();
    return 21;
}
