//! Programs that compare their input with something that mutations do not meet.

/// A program, and an input that does not solve it.
pub struct Program {
    pub name: &'static str,
    pub seed: &'static [u8],
    /// What is between reading `n` bytes to `b` and the end. It aborts when it is solved.
    pub body: &'static str,
    /// Options of `tine fuzz`.
    pub options: &'static [&'static str],
}

/// What every program begins with.
pub const HEAD: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
static volatile int sink;
static uint32_t little(const unsigned char *p) { uint32_t x; memcpy(&x, p, 4); return x; }
static uint64_t little8(const unsigned char *p) { uint64_t x; memcpy(&x, p, 8); return x; }
static uint32_t big(const unsigned char *p) { return __builtin_bswap32(little(p)); }
static unsigned char b[256];
int main(void) {
    long n = read(0, b, sizeof b - 1);
    if (n < 16) return 0;
    (void)little; (void)little8; (void)big;
"#;

/// Steps of every kind, one behind the other.
pub const NESTED: Program = Program {
    name: "nested",
    seed: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef99 4567890123456789",
    body: r#"
    if (little(b) != 0xdeadbeef) return 1;
    sink++;
    if (big(b + 4) != 0x11223344) return 2;
    sink++;
    if (memcmp(b + 8, "sixteen bytes ok", 16)) return 3;
    sink++;
    if (strcmp((char *)b + 24, "keyword")) return 4;
    sink++;
    if (atoi((char *)b + 32) == 1234567) abort();
"#,
    options: &[],
};

/// Only AFL++'s passes and gcc log comparisons of floating-point numbers.
pub const DOUBLE: Program = Program {
    name: "a_double",
    seed: b"0123456789abcdefghij",
    body: "double d; memcpy(&d, b + 1, 8); if (d == 1234.5) abort();",
    options: &[],
};

pub const ALL: &[Program] = &[
    Program {
        name: "a_beginning_and_what_follows",
        seed: b"0123456789 bob\nand the rest",
        body: r#"
    char *line = (char *)b + 11, *end = strchr(line, '\n');
    if (end) *end = 0;
    if (strncmp(line, "guest-", 6)) return 1;
    sink++;
    if (line[6] == '~') abort();
"#,
        options: &[],
    },
    NESTED,
    Program {
        name: "eight_bytes",
        seed: b"0123456789abcdefghij",
        body: "if (little8(b + 5) == 0x1122334455667788) abort();",
        options: &[],
    },
    Program {
        name: "a_narrow_range",
        seed: b"0123456789abcdefghij",
        body: r#"
    uint32_t x = big(b + 3);
    if (x > 0x7eadbeef) { sink++; if (x < 0x7eadbef5) abort(); }
"#,
        options: &[],
    },
    Program {
        name: "a_switch",
        seed: b"0123456789abcdefghij",
        body: r#"
    switch (little(b + 4)) {
        case 0x10203040: sink = 1; break;
        case 0x51525354: sink = 2; break;
        case 0x7a7b7c7d: if (little(b + 8) == 0x01020408) abort(); break;
        default: sink = 4;
    }
"#,
        options: &[],
    },
    Program {
        name: "a_word_of_another_length",
        seed: b"cmd=ls;arg=something",
        body: r#"
    char *end = strchr((char *)b, ';');
    if (!end || memcmp(b, "cmd=", 4)) return 1;
    *end = 0;
    if (!strcasecmp((char *)b + 4, "shutdown") && end[1] == 'a') abort();
"#,
        options: &[],
    },
    Program {
        name: "a_key",
        seed: b"0123456789abcdefghij",
        body: "if ((little(b + 2) ^ 0x5a1b6c7d) + 0x01010101 == 0) abort();",
        options: &["-l", "2T"],
    },
    Program {
        name: "a_length_that_is_hexadecimal",
        seed: b"len=1f;0123456789abc",
        body: r#"if (strtoul((char *)b + 4, 0, 16) == 0xc0ffee) abort();"#,
        options: &[],
    },
];
