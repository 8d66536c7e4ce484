/* What a program does after main: the destructor of a shared object that it is
 * linked with (exit_destructor_library_part.c).
 *
 * Look for: it runs in every child.
 */
#include <stdio.h>

void remember(int command);

int main(void) {
  int command = getchar();
  remember(command);
  return command == EOF ? 3 : 0;
}
