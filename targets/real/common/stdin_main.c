/* main() for a harness in fork mode: one input, from stdin or from the file
 * named as the only argument, then the process ends. The same harness without
 * this file gets the persistent driver of tine-cc. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_LIMIT (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[INPUT_LIMIT];

int main(int argc, char **argv) {
  int fd = STDIN_FILENO;
  if (argc > 1) {
    fd = open(argv[1], O_RDONLY);
    if (fd < 0) return 2;
  }

  size_t size = 0;
  while (size < INPUT_LIMIT) {
    ssize_t got = read(fd, input + size, INPUT_LIMIT - size);
    if (got < 0) return 2;
    if (got == 0) break;
    size += (size_t)got;
  }

  /* A copy of exactly that size lets a sanitizer see a read behind the end. */
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy) return 2;
  memcpy(copy, input, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
  return 0;
}
