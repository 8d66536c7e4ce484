/* What a program does after main: a handler that a constructor registers, before
 * the fork server starts.
 *
 * Look for: the handler runs in every child, though it was registered only once,
 * in the server.
 */
#include <stdio.h>
#include <stdlib.h>

static int command;

static void at_the_end(void) {
  if (command == '!') abort();
}

__attribute__((constructor)) static void before_main(void) { atexit(at_the_end); }

int main(void) {
  command = getchar();
  return command == EOF ? 3 : 0;
}
