/* States. Each byte of the input is a message; what it does depends on those before. */
#include "planted.h"

enum { CLOSED, GREETED, KNOWN, OPEN };

struct session {
  int state;
  int opened, written, ticks, depth, turn;
  unsigned knocks;
  uint8_t last;
  int same;
};

static void message(struct session *s, uint8_t byte) {
  /* The same letter over and over. */
  s->same = byte == s->last ? s->same + 1 : 1;
  s->last = byte;
  if (byte == '=' && s->same == 33) planted("state-repeated");

  switch (byte) {
    case 'H':
      if (s->state == CLOSED) s->state = GREETED;
      break;
    case 'L':
      if (s->state == GREETED) s->state = KNOWN;
      break;
    case 'O':
      if (s->state == KNOWN) {
        s->state = OPEN;
        s->opened++;
      }
      break;
    case 'W':
      if (s->state == OPEN && ++s->written == 9) planted("state-overflow");
      break;
    case 'C':
      if (s->state == OPEN) {
        s->state = KNOWN;
        if (s->written == 0 && s->opened == 3) planted("state-reopened");
      } else if (s->state == KNOWN && s->opened == 1 && s->written == 2) {
        planted("state-closed-twice");
      }
      break;
    case '(':
      if (++s->depth == 18) planted("state-nested");
      break;
    case ')':
      if (s->depth > 0) s->depth--;
      break;
    case 'u':
    case 'd':
    case 'l':
    case 'r':
      /* The right turns in the right order; a wrong one begins anew. */
      s->turn = byte == "uuddlrlr"[s->turn] ? s->turn + 1 : 0;
      if (s->turn == 8) planted("state-sequence");
      break;
    case 'T':
      /* Counts, but makes no difference on the way. */
      if (++s->ticks == 40) planted("state-ticks");
      break;
    case '1':
    case '2':
    case '3':
    case '4':
      /* All four, in any order, and each once. */
      if (s->knocks & 1u << (byte - '1')) {
        s->knocks = 0;
      } else {
        s->knocks |= 1u << (byte - '1');
        if (s->knocks == 15) planted("state-set");
      }
      break;
    default:
      break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session session = {0};
  for (size_t at = 0; at < size && at < 4096; at++) message(&session, data[at]);
  return 0;
}
