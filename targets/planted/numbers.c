/* Numbers. The input is a row of records: a letter, then what the letter asks for. Text
 * ends with a line feed. */
#include "planted.h"

static int a_switch(uint32_t value) {
  switch (value) {
    case 0x00000b0b: return 1;
    case 0x01020304: return 2;
    case 0x13371337: return 3;
    case 0x5ca1ab1e: return 4;
    case 0x0badf00d: return 5;
    case 0xdeadc0de: return 6;
    default: return 0;
  }
}

static int is_leap_day(const char *text) {
  if (strlen(text) != 10 || text[4] != '-' || text[7] != '-') return 0;
  int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
  return year % 4 == 0 && year % 100 == 0 && year % 400 == 0 && month == 2 && day == 29;
}

static void text(uint8_t kind, const char *text) {
  switch (kind) {
    case 'd':
      if (atoi(text) == 48151) planted("number-decimal");
      break;
    case 'n':
      if (strtol(text, NULL, 10) == -1623) planted("number-negative");
      break;
    case 'x':
      if (strtoul(text, NULL, 16) == 0xfa7e1) planted("number-hexadecimal");
      break;
    case 'f': {
      double value = strtod(text, NULL);
      if (value > 2.718 && value < 2.719) planted("number-float-text");
      break;
    }
    case 't':
      if (is_leap_day(text)) planted("number-date");
      break;
    default:
      break;
  }
}

/* Returns how many bytes it took. */
static size_t binary(uint8_t kind, const uint8_t *data, size_t size) {
  switch (kind) {
    case 'A':
      if (size < 4) return size;
      if (little16(data) * 3u + little16(data + 2) == 0xd1ce) planted("number-relation");
      return 4;
    case 'L':
      /* The length of the rest, and that of a part of it. */
      if (size < 6) return size;
      if (big16(data) == size - 2 && big16(data + 2) == size - 4 && size > 40) planted("number-lengths");
      return 6;
    case 'S':
      if (size < 4) return size;
      if (a_switch(little32(data)) == 5) planted("number-switch");
      return 4;
    case 'F': {
      if (size < 4) return size;
      float value;
      memcpy(&value, data, sizeof value);
      if (value > 1999.5f && value < 2000.5f) planted("number-float");
      return 4;
    }
    case 'R':
      /* Narrow on both sides. */
      if (size < 4) return size;
      if (big32(data) > 0x4a817c00 && big32(data) < 0x4a817c80) planted("number-range");
      return 4;
    case 'P':
      if (size < 4) return size;
      if ((uint32_t)little16(data) * little16(data + 2) == 251u * 65521u) planted("number-product");
      return 4;
    default:
      return 0;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  while (size > 0) {
    uint8_t kind = *data++;
    size--;
    if (kind >= 'a' && kind <= 'z') {
      char line[64];
      size_t length = 0;
      while (size > 0 && *data != '\n') {
        if (length < sizeof line - 1) line[length++] = (char)*data;
        data++;
        size--;
      }
      line[length] = 0;
      text(kind, line);
    } else {
      size_t taken = binary(kind, data, size);
      data += taken;
      size -= taken;
    }
  }
  return 0;
}
