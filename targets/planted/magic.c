/* Magic values. The input is a row of chunks: a letter, a length, the content. */
#include "planted.h"

static void chunk(uint8_t kind, const uint8_t *data, size_t size) {
  switch (kind) {
    case 'a':
      if (size >= 2 && little16(data) == 0xb5a7) planted("magic-16-little");
      break;
    case 'b':
      if (size >= 2 && big16(data) == 0x9ce3) planted("magic-16-big");
      break;
    case 'c':
      if (size >= 4 && little32(data) == 0xcafed00d) planted("magic-32-little");
      break;
    case 'd':
      if (size >= 4 && big32(data) == 0x89504e47) planted("magic-32-big");
      break;
    case 'e':
      if (size >= 8 && little64(data) == 0x1badb002feedface) planted("magic-64-little");
      break;
    case 'f':
      if (size >= 8 && big64(data) == 0x7f454c4602010100) planted("magic-64-big");
      break;
    case 'g':
      /* Byte by byte: each is a step of its own. */
      if (size >= 4 && data[0] == 'G')
        if (data[1] == 'L')
          if (data[2] == 'T')
            if (data[3] == 'F') planted("magic-bytewise");
      break;
    case 'h':
      /* Where it stands is in the input, too. */
      if (size >= 1 && (size_t)data[0] + 5 <= size && little32(data + 1 + data[0]) == 0x06054b50)
        planted("magic-at-offset");
      break;
    default:
      break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  while (size >= 2) {
    size_t length = data[1];
    if (length > size - 2) return 0;
    chunk(data[0], data + 2, length);
    data += 2 + length;
    size -= 2 + length;
  }
  return 0;
}
