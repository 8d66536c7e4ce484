/* Words. The input is text, a line at a time: `name: value`. */
#include <strings.h>

#include "planted.h"

#define LINE 256

/* Looks at every letter, whatever the ones before it were: no step tells of a part. */
static int is_word(const char *text, const char *word) {
  size_t length = strlen(word);
  if (strlen(text) != length) return 0;
  unsigned differ = 0;
  for (size_t at = 0; at < length; at++) differ |= (unsigned char)text[at] ^ (unsigned char)word[at];
  return differ == 0;
}

static void line(char *text) {
  char *value = strstr(text, ": ");
  if (!value) return;
  *value = 0;
  value += 2;
  if (strcmp(text, "user") == 0) {
    if (strcmp(value, "administrator") == 0) planted("word-strcmp");
    if (strncmp(value, "guest-", 6) == 0 && value[6] == '~') planted("word-strncmp");
  } else if (strcasecmp(text, "Content-Encoding") == 0) {
    planted("word-strcasecmp");
  } else if (text[0] == 'k' && strlen(value) >= 16) {
    if (memcmp(value, "0f1e2d3c4b5a6978", 16) == 0) planted("word-memcmp-16");
  } else if (text[0] == 'b') {
    if (strstr(value, "<svg/onload=")) planted("word-strstr");
  } else if (text[0] == 't') {
    if (is_word(value, "transmogrify")) planted("word-of-dictionary");
  } else if (text[0] == 'p') {
    /* Two words, one in the other. */
    char *rest = strchr(value, '/');
    if (!rest) return;
    *rest++ = 0;
    if (strcmp(value, "proto") == 0 && strcmp(rest, "v2.1") == 0) planted("word-two");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char text[LINE];
  size_t length = 0;
  for (size_t at = 0; at < size; at++) {
    if (data[at] == '\n' || length == LINE - 1) {
      text[length] = 0;
      line(text);
      length = 0;
    } else {
      text[length++] = data[at] ? (char)data[at] : ' ';
    }
  }
  text[length] = 0;
  line(text);
  return 0;
}
