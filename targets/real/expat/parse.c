/* expat: parses a document with namespaces, with a handler for everything. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "expat.h"

static unsigned long events;

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes) {
  (void)user;
  events += strlen(name);
  for (; *attributes; attributes += 2) events += strlen(attributes[0]) + strlen(attributes[1]);
}

static void on_end(void *user, const XML_Char *name) {
  (void)user;
  events += strlen(name);
}

static void on_text(void *user, const XML_Char *text, int size) {
  (void)user;
  (void)text;
  events += (unsigned long)size;
}

static void on_instruction(void *user, const XML_Char *target, const XML_Char *text) {
  (void)user;
  events += strlen(target) + strlen(text);
}

static void on_comment(void *user, const XML_Char *text) {
  (void)user;
  events += strlen(text);
}

static void on_entity(void *user, const XML_Char *name, int is_parameter, const XML_Char *value,
                      int size, const XML_Char *base, const XML_Char *system_id,
                      const XML_Char *public_id, const XML_Char *notation) {
  (void)name, (void)is_parameter, (void)value, (void)size, (void)base;
  (void)system_id, (void)public_id, (void)notation;
  /* Nested entities grow without bound in this version of the library. */
  XML_StopParser((XML_Parser)user, XML_FALSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1 << 16) return 0;
  XML_Parser parser = XML_ParserCreateNS(NULL, '|');
  if (!parser) return 0;
  /* The default salt comes from the clock: two runs would not be alike. */
  XML_SetHashSalt(parser, 1);
  XML_UseParserAsHandlerArg(parser);
  XML_SetElementHandler(parser, on_start, on_end);
  XML_SetCharacterDataHandler(parser, on_text);
  XML_SetProcessingInstructionHandler(parser, on_instruction);
  XML_SetCommentHandler(parser, on_comment);
  XML_SetEntityDeclHandler(parser, on_entity);

  size_t half = size / 2;
  if (XML_Parse(parser, (const char *)data, (int)half, 0) == XML_STATUS_OK)
    XML_Parse(parser, (const char *)data + half, (int)(size - half), 1);
  XML_ParserFree(parser);
  return 0;
}
