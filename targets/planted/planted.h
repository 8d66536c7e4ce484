/* What the programs with planted bugs share. Each bug has a name; whoever reaches
 * it writes that name and aborts, so that a crash says which bug it is. */
#ifndef PLANTED_H
#define PLANTED_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline, noreturn, unused)) static void planted(const char *bug) {
  static const char mark[] = "planted: ";
  /* Best effort: the abort is what counts. */
  if (write(STDERR_FILENO, mark, sizeof mark - 1) < 0 || write(STDERR_FILENO, bug, strlen(bug)) < 0 ||
      write(STDERR_FILENO, "\n", 1) < 0)
    abort();
  abort();
}

/* Numbers of the input in either byte order; the caller checks the length. */
__attribute__((unused)) static uint16_t little16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }
__attribute__((unused)) static uint16_t big16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

__attribute__((unused)) static uint32_t little32(const uint8_t *at) {
  return little16(at) | (uint32_t)little16(at + 2) << 16;
}

__attribute__((unused)) static uint32_t big32(const uint8_t *at) {
  return (uint32_t)big16(at) << 16 | big16(at + 2);
}

__attribute__((unused)) static uint64_t little64(const uint8_t *at) {
  return little32(at) | (uint64_t)little32(at + 4) << 32;
}

__attribute__((unused)) static uint64_t big64(const uint8_t *at) {
  return (uint64_t)big32(at) << 32 | big32(at + 4);
}

#endif
