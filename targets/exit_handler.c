/* What a program does after main: a handler that main registers with atexit().
 *
 * Look for: the handler runs in every child. tine spares a child the way through
 * exit() only where nobody registered anything.
 */
#include <stdio.h>
#include <stdlib.h>

static int command;

static void at_the_end(void) {
  if (command == '!') abort();
}

int main(void) {
  command = getchar();
  if (command == EOF) return 3;
  atexit(at_the_end);
  return 0;
}
