/* zlib: unpacks a zlib or gzip stream, in small pieces on both sides so that
 * the decoder has to stop and go on everywhere. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "zlib.h"

#define OUTPUT_LIMIT (1u << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  /* 15 bits of window, + 32: zlib or gzip, as the header says. */
  if (inflateInit2(&stream, 15 + 32) != Z_OK) return 0;

  /* The first byte is not part of the stream: it sets the size of a piece. */
  size_t piece = 1 + (size_t)data[0];
  data++;
  size--;

  uint8_t out[512];
  unsigned long produced = 0;
  int status = Z_OK;
  while (status == Z_OK && produced < OUTPUT_LIMIT) {
    if (stream.avail_in == 0) {
      if (size == 0) break;
      size_t now = piece < size ? piece : size;
      stream.next_in = (Bytef *)data;
      stream.avail_in = (uInt)now;
      data += now;
      size -= now;
    }
    stream.next_out = out;
    stream.avail_out = sizeof out;
    status = inflate(&stream, Z_NO_FLUSH);
    produced += sizeof out - stream.avail_out;
  }
  inflateEnd(&stream);
  return 0;
}
