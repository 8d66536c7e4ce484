/* The shared object of exit_destructor_library.c. */
#include <stdlib.h>

static int remembered;

void remember(int command) { remembered = command; }

__attribute__((destructor)) static void at_the_end(void) {
  if (remembered == '!') abort();
}
