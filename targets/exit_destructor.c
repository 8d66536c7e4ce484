/* What a program does after main: a destructor of its own.
 *
 * Look for: it runs in every child.
 */
#include <stdio.h>
#include <stdlib.h>

static int command;

__attribute__((destructor)) static void at_the_end(void) {
  if (command == '!') abort();
}

int main(void) {
  command = getchar();
  return command == EOF ? 3 : 0;
}
