/* Checksums. The input is a row of packets: a letter, a length, the content, and a
 * sum over the content whose kind goes by the letter. Behind a right sum the bug is
 * easy. */
#include "planted.h"

static uint32_t sum8(const uint8_t *data, size_t size) {
  uint8_t sum = 0;
  while (size--) sum = (uint8_t)(sum + *data++);
  return sum;
}

static uint32_t xor8(const uint8_t *data, size_t size) {
  uint8_t sum = 0x5a;
  while (size--) sum ^= *data++;
  return sum;
}

static uint32_t sum16(const uint8_t *data, size_t size) {
  uint16_t sum = 0;
  while (size--) sum = (uint16_t)(sum + *data++);
  return (uint16_t)~sum;
}

static uint32_t fletcher16(const uint8_t *data, size_t size) {
  uint32_t low = 0, high = 0;
  while (size--) {
    low = (low + *data++) % 255;
    high = (high + low) % 255;
  }
  return high << 8 | low;
}

static uint32_t adler32(const uint8_t *data, size_t size) {
  uint32_t low = 1, high = 0;
  while (size--) {
    low = (low + *data++) % 65521;
    high = (high + low) % 65521;
  }
  return high << 16 | low;
}

static uint32_t crc32(const uint8_t *data, size_t size) {
  uint32_t crc = ~0u;
  while (size--) {
    crc ^= *data++;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

static const struct kind {
  uint8_t letter;
  uint8_t bytes;
  uint32_t (*of)(const uint8_t *, size_t);
} kinds[] = {
    {'1', 1, sum8},       {'2', 1, xor8},    {'3', 2, sum16},
    {'4', 2, fletcher16}, {'5', 4, adler32}, {'6', 4, crc32},
};

/* Behind a right sum. */
__attribute__((noinline)) static void right(const struct kind *kind, const uint8_t *data, size_t size) {
  if (size < 3 || data[0] != 'o' || data[1] != 'd' || data[2] != 'd') return;
  switch (kind->letter) {
    case '1': planted("sum-additive-8");
    case '2': planted("sum-xor-8");
    case '3': planted("sum-additive-16");
    case '4': planted("sum-fletcher-16");
    case '5': planted("sum-adler-32");
    case '6': planted("sum-crc-32");
    default: return;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  while (size >= 2) {
    size_t length = data[1];
    const struct kind *kind = NULL;
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++)
      if (kinds[at].letter == data[0]) kind = &kinds[at];
    if (!kind || length + kind->bytes > size - 2) return 0;
    const uint8_t *content = data + 2;
    uint32_t wanted = 0;
    for (size_t at = 0; at < kind->bytes; at++) wanted = wanted << 8 | content[length + at];
    if (kind->of(content, length) == wanted) right(kind, content, length);
    data += 2 + length + kind->bytes;
    size -= 2 + length + kind->bytes;
  }
  return 0;
}
