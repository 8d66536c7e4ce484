/* Counts edges, for comparisons between fuzzers: neither tine's instrumentation
 * nor AFL++'s. Built with -fsanitize-coverage=trace-pc-guard and linked to a
 * harness in place of its main.
 *
 * Names of input files come on stdin, one a line. Each is run in a child of its
 * own, in order; after each, a line says how many edges all of them so far took,
 * and how the child ended: "EDGES STATUS", the status as waitpid gives it. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#define EDGE_LIMIT (1u << 22)
#define INPUT_LIMIT (1 << 20)
#define SECONDS_LIMIT 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Shared with the children: [0] is the count, the others stand for an edge each. */
static uint32_t *taken;
static uint32_t edges;
static uint8_t input[INPUT_LIMIT];

UNCOUNTED void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *end) {
  if (start == end || *start) return;
  while (start < end && edges + 1 < EDGE_LIMIT) *start++ = ++edges;
  if (start < end) {
    fputs("more edges than edges.c has room for\n", stderr);
    exit(3);
  }
}

UNCOUNTED void __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
  if (!taken || taken[*guard]) return;
  taken[*guard] = 1;
  taken[0]++;
}

UNCOUNTED static void run(const char *name) {
  int fd = open(name, O_RDONLY);
  if (fd < 0) _exit(2);
  size_t size = 0;
  ssize_t got;
  while (size < INPUT_LIMIT && (got = read(fd, input + size, INPUT_LIMIT - size)) > 0) size += (size_t)got;
  close(fd);
  int null = open("/dev/null", O_RDWR);
  for (int standard = 0; standard < 3; standard++) dup2(null, standard);
  alarm(SECONDS_LIMIT);
  uint8_t *copy = malloc(size ? size : 1);
  memcpy(copy, input, size);
  LLVMFuzzerTestOneInput(copy, size);
  _exit(0);
}

UNCOUNTED int main(void) {
  taken = mmap(NULL, EDGE_LIMIT * sizeof *taken, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (taken == MAP_FAILED) return 3;
  char *name = NULL;
  size_t room = 0;
  ssize_t length;
  while ((length = getline(&name, &room, stdin)) > 0) {
    if (name[length - 1] == '\n') name[length - 1] = 0;
    pid_t child = fork();
    if (child < 0) return 3;
    if (child == 0) run(name);
    int status;
    if (waitpid(child, &status, 0) != child) return 3;
    printf("%u %d\n", taken[0], status);
  }
  return 0;
}
