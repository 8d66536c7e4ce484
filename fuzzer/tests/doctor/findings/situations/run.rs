//! What runs tell.

use super::{READS, Situation};

/// Three conditions that need no branch.
const SELECTS: &[u8] = b"#include <unistd.h>\n\
    int main(void) { char b[4] = {0}; int r = 0; if (read(0, b, 4) < 1) return 0;\n\
    if (b[0] == 'a') r |= 1; if (b[1] == 'b') r |= 2; if (b[2] == 'c') r |= 4; return r; }\n";

/// What runs tell.
pub const RUN: &[Situation] = &[
    Situation::new("all is well")
        .source(&[("prog.c", READS)])
        .is("target.stability", "ok", "same edges"),
    Situation::new("reads a file, and @@ is missing")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(int count, char **words) {\n\
              FILE *file = count > 1 ? fopen(words[1], \"r\") : 0;\n\
              return file ? getc(file) == 't' : 9; }\n",
        )])
        .is("target.input", "fails", "tine fuzz \u{2026} -- ./prog @@"),
    Situation::new("reads a file")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(int count, char **words) {\n\
              FILE *file = count > 1 ? fopen(words[1], \"r\") : 0;\n\
              return file ? getc(file) == 't' : 9; }\n",
        )])
        .line("-- ./prog @@")
        .is("target.input", "ok", "from its file"),
    Situation::new("reads standard input, and @@ is too much")
        .source(&[("prog.c", READS)])
        .line("-- ./prog @@")
        .is("target.input", "fails", "without @@"),
    Situation::new("reads its input, and it makes no difference")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <string.h>\n\
              int main(void) { char text[64]; size_t n = fread(text, 1, 64, stdin);\n\
              return n > 3 && memcmp(text, \"RIFF\", 4) == 0; }\n",
        )])
        .build(&["tine-cc -O2 -o prog prog.c"])
        .line("-i same -- ./prog")
        .source(&[
            ("same", b"abcdef"),
            (
                "prog.c",
                b"#include <unistd.h>\n\
                  int main(void) { char text[64]; return read(0, text, 64) < 0; }\n",
            ),
        ])
        .is("target.input", "slower", "three inputs took the same edges"),
    Situation::new("has branches that became arithmetic")
        .build(&["tine-cc -O2 -o prog prog.c"])
        .source(&[("prog.c", SELECTS)])
        .is("target.map", "slower", "3 edges"),
    Situation::new("keeps its branches")
        .build(&["tine-cc -O2 -Xclang -fsanitize=fuzzer-no-link -o prog prog.c"])
        .source(&[("prog.c", SELECTS)])
        .is("target.map", "ok", "8 edges"),
    Situation::new("becomes another program in a run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <unistd.h>\n\
              int main(void) { int c = getchar(); if (c == 't') execl(\"/bin/true\", \"true\", (char *)0);\n\
              return 0; }\n",
        )])
        .is("target.exec", "slower", "true in a run"),
    Situation::new("loads an instrumented library in main")
        .source(&[
            (
                "prog.c",
                b"#include <dlfcn.h>\n#include <stdio.h>\n\
                  int main(void) { void *library = dlopen(\"./late.so\", RTLD_NOW);\n\
                  int (*work)(int) = (int (*)(int))dlsym(library, \"work\"); return work(getchar()); }\n",
            ),
            (
                "late.c",
                b"int work(int c) { if (c == 't') return 1; if (c == '>') return 2; return 0; }\n",
            ),
        ])
        .build(&[
            "tine-cc -O0 -shared -fPIC -o late.so late.c",
            "tine-cc -O0 -o prog prog.c",
        ])
        .is("target.late-libraries", "ok", "late.so"),
    Situation::new("crashes on no input")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <stdlib.h>\n\
              int main(void) { int c = getchar(); if (c < 0) abort(); return c == 't'; }\n",
        )])
        .is("target.run-empty", "note", "SIGABRT"),
    Situation::new("crashes on everything")
        .source(&[("prog.c", b"#include <stdlib.h>\nint main(void) { abort(); }\n")])
        .is("target.run-input", "fails", "SIGABRT"),
    Situation::new("crashes on the input that is given")
        .source(&[
            ("seed", b"x"),
            (
                "prog.c",
                b"#include <stdio.h>\n#include <stdlib.h>\n\
                  int main(void) { if (getchar() == 'x') abort(); return 0; }\n",
            ),
        ])
        .line("-i seed -- ./prog")
        .is("target.run-input", "fails", "passed over"),
    Situation::new("runs for ever")
        .source(&[("prog.c", b"#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")])
        .line("-t 200 -- ./prog")
        .is("target.run-input", "fails", "within 2.0 s either"),
    Situation::new("runs longer than its limit")
        .source(&[("prog.c", b"#include <unistd.h>\nint main(void) { usleep(700000); return 0; }\n")])
        .line("-t 200 -- ./prog")
        .is("target.run-input", "fails", "with more time: exited"),
    Situation::new("a forked run that takes longer than the limit, in persistent mode")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n__AFL_FUZZ_INIT();\n\
              int main(void) { usleep(1400000); unsigned char *b = __AFL_FUZZ_TESTCASE_BUF; int n = 0;\n\
              while (__AFL_LOOP(1000)) if (__AFL_FUZZ_TESTCASE_LEN > 0 && b[0] == 't') n++;\n\
              return n; }\n",
        )])
        .line("-t 500 -- ./prog")
        .is("target.first-run", "slower", "each fresh child takes that long"),
    Situation::new("no edge is taken")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\nint main(void) { return getchar() == 't'; }\n",
        )])
        .build(&["clang -c prog.c -o prog.o", "tine-cc -o prog prog.o"])
        .is("target.coverage", "fails", "no run takes any edge"),
    Situation::new("not the same each time")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n__AFL_FUZZ_INIT();\n\
              static int passes, kept;\n\
              int main(void) { __AFL_INIT(); unsigned char *b = __AFL_FUZZ_TESTCASE_BUF;\n\
              while (__AFL_LOOP(1000)) { passes++; if (b[0] == 't') kept++; if (passes % 2) kept += 2; }\n\
              return kept; }\n",
        )])
        .is("target.stability", "slower", "differ"),
    Situation::new("a flood of text")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(void) { int c = getchar(); for (int i = 0; i < 20000; i++) puts(\"a line of text\");\n\
              return c == 't'; }\n",
        )])
        .is("target.output", "slower", "292 KiB in a run"),
];
