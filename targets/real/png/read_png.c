/* libpng over zlib: reads a whole PNG from memory, row by row, with the
 * transformations that most programs ask for. Checksums are not enforced, so
 * that a changed chunk is still read. */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "png.h"

#define PIXEL_LIMIT (1u << 18)

struct source {
  const uint8_t *data;
  size_t left;
};

static void read_bytes(png_structp png, png_bytep out, size_t wanted) {
  struct source *source = png_get_io_ptr(png);
  if (wanted > source->left) png_error(png, "the input ends here");
  memcpy(out, source->data, wanted);
  source->data += wanted;
  source->left -= wanted;
}

static void on_error(png_structp png, png_const_charp message) {
  (void)message;
  longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 8 || png_sig_cmp((png_bytep)data, 0, 8) != 0) return 0;

  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
  if (!png) return 0;
  png_infop info = png_create_info_struct(png);
  png_infop end = png_create_info_struct(png);
  /* volatile: both change between setjmp and a longjmp back to it. */
  png_bytep volatile row = NULL;
  struct source source = {data + 8, size - 8};

  if (info && end && !setjmp(png_jmpbuf(png))) {
    png_set_read_fn(png, &source, read_bytes);
    png_set_sig_bytes(png, 8);
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
#ifdef PNG_IGNORE_ADLER32
    png_set_option(png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
#endif
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_ALWAYS, NULL, 0);
    png_set_chunk_malloc_max(png, 1 << 20);
    png_read_info(png, info);

    png_uint_32 width = png_get_image_width(png, info);
    png_uint_32 height = png_get_image_height(png, info);
    if (width == 0 || height == 0 || width > PIXEL_LIMIT / height) png_error(png, "too large");

    png_set_gray_to_rgb(png);
    png_set_expand(png);
    png_set_packing(png);
    png_set_scale_16(png);
    png_set_tRNS_to_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);

    row = calloc(1, png_get_rowbytes(png, info));
    if (!row) png_error(png, "no memory");
    while (passes-- > 0)
      for (png_uint_32 y = 0; y < height; y++) png_read_row(png, row, NULL);
    png_read_end(png, end);
  }

  free(row);
  png_destroy_read_struct(&png, &info, &end);
  return 0;
}
