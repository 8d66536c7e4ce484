/* Conditions within conditions, and structures. The input is a letter and what it asks for. */
#include "planted.h"

static const char *const tags[] = {"note", "list", "item"};

/* Tags that open and close, as in XML; what is open lies on a stack. */
static void tree(const char *text, const char *end) {
  int open[8], depth = 0, closed = 0;
  while (text < end && *text == '<') {
    text++;
    int closing = text < end && *text == '/';
    if (closing) text++;
    int tag = -1;
    for (int at = 0; at < 3; at++)
      if (end - text > 4 && memcmp(text, tags[at], 4) == 0 && text[4] == '>') tag = at;
    if (tag < 0) return;
    text += 5;
    if (!closing) {
      if (depth == 8) return;
      open[depth++] = tag;
    } else {
      if (depth == 0 || open[depth - 1] != tag) return;
      depth--;
      closed++;
      if (closed == 3 && depth == 0) planted("nested-tags");
    }
  }
}

/* Of `root`. */
#define ROOT_HASH 0x7c9d79a9u

static uint32_t hash(const uint8_t *key, size_t size) {
  uint32_t sum = 5381;
  while (size--) sum = sum * 33 + *key++;
  return sum;
}

/* Keys of four bytes in a table of 64 places: one bug needs many that share a place, the
 * other a key that has the hash of `root`, and is not `root`. */
static void table(const uint8_t *data, size_t size) {
  uint32_t place[64] = {0};
  int chain = 0;
  for (; size >= 4; data += 4, size -= 4) {
    uint32_t key = big32(data), at = hash(data, 4) % 64;
    if (key == 0) return;
    if (hash(data, 4) == ROOT_HASH && memcmp(data, "root", 4) != 0) planted("nested-same-hash");
    if (place[at] && place[at] != key) {
      if (++chain == 5) planted("nested-collisions");
    }
    place[at] = key;
  }
}

/* A sequence that only grows, of eight 16-bit numbers with a sum in a narrow range. */
static void sorted(const uint8_t *data, size_t size) {
  if (size < 16) return;
  uint32_t sum = little16(data);
  for (int at = 1; at < 8; at++) {
    if (little16(data + 2 * at) <= little16(data + 2 * at - 2)) return;
    sum += little16(data + 2 * at);
  }
  if (sum >= 90000 && sum < 90064) planted("nested-sorted");
}

static void ladder(const uint8_t *data, size_t size) {
  if (size < 10) return;
  if (data[0] == 0x12)
    if (data[1] > 0xf0)
      if (data[2] < 0x08)
        if ((data[3] ^ data[4]) == 0xa5)
          if (data[5] == data[6])
            if (data[7] == (uint8_t)(data[8] + 3))
              if (data[9] == '!') planted("nested-ladder");
}

static void magics(const uint8_t *data, size_t size) {
  if (size < 12) return;
  if (big32(data) != 0x53514c69) return;
  if (little32(data + 4) != 0x74652066) return;
  if (big16(data + 8) == 0x6f72 && big16(data + 10) == 0x6d61) planted("nested-magics");
}

/* Pairs of a count and a byte; what they unpack to has to be a palindrome of 12. */
static void unpack(const uint8_t *data, size_t size) {
  uint8_t out[32];
  size_t length = 0;
  for (; size >= 2; data += 2, size -= 2) {
    if (data[0] == 0 || data[0] > sizeof out - length) return;
    memset(out + length, data[1], data[0]);
    length += data[0];
  }
  if (length != 12 || out[0] == out[1] || out[2] == out[3]) return;
  for (size_t at = 0; at < 6; at++)
    if (out[at] != out[11 - at]) return;
  planted("nested-unpacked");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  const uint8_t *rest = data + 1;
  size--;
  switch (data[0]) {
    case 'T': tree((const char *)rest, (const char *)rest + size); break;
    case 'H': table(rest, size); break;
    case 'S': sorted(rest, size); break;
    case 'L': ladder(rest, size); break;
    case 'M': magics(rest, size); break;
    case 'U': unpack(rest, size); break;
    default: break;
  }
  return 0;
}
