/* What a program does after main: it writes what is left in the buffer of a
 * stream that nobody closed.
 *
 * The stream writes through a function of the program, so that one can see
 * whether it is called.
 *
 * Look for: the buffer is written in every child.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

static ssize_t write_out(void *nothing, const char *bytes, size_t count) {
  (void)nothing;
  for (size_t i = 0; i < count; i++)
    if (bytes[i] == '!') abort();
  return (ssize_t)count;
}

int main(void) {
  cookie_io_functions_t functions = {.write = write_out};
  FILE *stream = fopencookie(NULL, "w", functions);
  int c;

  if (stream == NULL) return 3;
  while ((c = getchar()) != EOF) putc(c, stream);
  return 0;
}
