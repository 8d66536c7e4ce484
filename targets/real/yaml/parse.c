/* libyaml: parses a stream into events and writes those out again. */
#include <stddef.h>
#include <stdint.h>

#include "yaml.h"

static int discard(void *user, unsigned char *text, size_t size) {
  (void)user, (void)text, (void)size;
  return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1 << 14) return 0;
  yaml_parser_t parser;
  yaml_emitter_t emitter;
  if (!yaml_parser_initialize(&parser)) return 0;
  if (!yaml_emitter_initialize(&emitter)) {
    yaml_parser_delete(&parser);
    return 0;
  }
  yaml_parser_set_input_string(&parser, data, size);
  yaml_emitter_set_output(&emitter, discard, NULL);

  for (int done = 0; !done;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) break;
    done = event.type == YAML_STREAM_END_EVENT;
    /* The emitter takes the event over, whether it succeeds or not. */
    if (!yaml_emitter_emit(&emitter, &event)) break;
  }
  yaml_emitter_delete(&emitter);
  yaml_parser_delete(&parser);
  return 0;
}
