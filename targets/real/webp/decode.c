/* libwebp: the picture, or each frame of an animation, decoded whole; what comes first
 * again in pieces, by the incremental decoder. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/webp/decode.h"
#include "src/webp/demux.h"

#define PIXEL_LIMIT (1u << 14)
#define FRAME_LIMIT 8
#define PIECE 100

/* Keeps the compiler from leaving out what nobody reads. */
static volatile uint8_t seen;

static int small(int width, int height) {
  return width > 0 && height > 0 && (unsigned)width <= PIXEL_LIMIT / (unsigned)height;
}

static void whole(const uint8_t *data, size_t size) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return;
  if (WebPGetFeatures(data, size, &config.input) != VP8_STATUS_OK) return;
  if (!small(config.input.width, config.input.height)) return;
  /* The last byte chooses between the ways out. */
  uint8_t way = data[size - 1];
  config.output.colorspace = way & 1 ? MODE_YUVA : way & 2 ? MODE_rgbA : MODE_BGRA;
  config.options.no_fancy_upsampling = way >> 2 & 1;
  config.options.bypass_filtering = way >> 3 & 1;
  config.options.dithering_strength = way & 16 ? 50 : 0;
  config.options.flip = way >> 5 & 1;
  if (way & 64) {
    config.options.use_scaling = 1;
    config.options.scaled_width = 1 + config.input.width / 2;
    config.options.scaled_height = 1 + config.input.height * 2 / 3;
  }
  if (WebPDecode(data, size, &config) == VP8_STATUS_OK) {
    const WebPDecBuffer *out = &config.output;
    seen = out->colorspace == MODE_YUVA ? out->u.YUVA.y[0] : out->u.RGBA.rgba[0];
  }
  WebPFreeDecBuffer(&config.output);
}

static void in_pieces(const uint8_t *data, size_t size) {
  int width, height;
  if (!WebPGetInfo(data, size, &width, &height) || !small(width, height)) return;
  WebPIDecoder *decoder = WebPINewRGB(MODE_RGBA, NULL, 0, 0);
  if (!decoder) return;
  for (size_t at = 0; at < size; at += PIECE) {
    size_t piece = size - at < PIECE ? size - at : PIECE;
    VP8StatusCode status = WebPIAppend(decoder, data + at, piece);
    if (status != VP8_STATUS_OK && status != VP8_STATUS_SUSPENDED) break;
  }
  int row = 0;
  uint8_t *pixels = WebPIDecGetRGB(decoder, &row, NULL, NULL, NULL);
  if (pixels && row > 0) seen = pixels[0];
  WebPIDelete(decoder);
}

static void frames(const uint8_t *data, size_t size) {
  WebPData all = {data, size};
  WebPDemuxer *demuxer = WebPDemux(&all);
  if (!demuxer) return;
  WebPChunkIterator chunk;
  if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) seen = (uint8_t)chunk.num_chunks;
  WebPDemuxReleaseChunkIterator(&chunk);
  uint32_t width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
  uint32_t height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
  uint32_t count = WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT);
  WebPDemuxDelete(demuxer);
  if (count < 2 || count > FRAME_LIMIT || width == 0 || height == 0 || width > PIXEL_LIMIT / height) return;

  WebPAnimDecoder *decoder = WebPAnimDecoderNew(&all, NULL);
  if (!decoder) return;
  while (WebPAnimDecoderHasMoreFrames(decoder)) {
    uint8_t *pixels;
    int time;
    if (!WebPAnimDecoderGetNext(decoder, &pixels, &time)) break;
    seen = pixels[0];
  }
  WebPAnimDecoderDelete(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  whole(data, size);
  in_pieces(data, size);
  frames(data, size);
  return 0;
}
