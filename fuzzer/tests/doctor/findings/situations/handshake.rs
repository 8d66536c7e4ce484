//! What the two sides say to each other.

use super::{READS, SOON, Situation};

/// A fork server of its own, by hand, with a map of 16 MiB.
const LARGE_MAP: &[u8] = b"#include <stdlib.h>\n#include <sys/shm.h>\n#include <sys/wait.h>\n\
    #include <unistd.h>\n\
    static void say(unsigned word) { if (write(199, &word, 4) != 4) _exit(1); }\n\
    int main(void) {\n\
    char *id = getenv(\"__AFL_SHM_ID\"); unsigned word;\n\
    if (id == 0) return 0;\n\
    unsigned char *map = shmat(atoi(id), 0, 0);\n\
    say(0x41464c01); if (read(198, &word, 4) != 4) return 1;\n\
    say(1); say(16u << 20); say(0x41464c01);\n\
    while (read(198, &word, 4) == 4) {\n\
    pid_t child = fork(); int status;\n\
    if (child == 0) { char c = 0; close(198); close(199);\n\
    map[read(0, &c, 1) > 0 ? (c & 63) + 1 : 99] = 1; _exit(0); }\n\
    say(child); waitpid(child, &status, 0); say(status); }\n\
    return 0; }\n";

/// What the two sides say to each other.
pub const HANDSHAKE: &[Situation] = &[
    Situation::new("half a hello")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"ab\", 2) == 2) for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.early-hang", "fails", "only a part of its hello"),
    Situation::new("an unknown hello")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"\\x7f\\x4c\\x46\\x41\", 4) == 4) for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.handshake", "fails", "version"),
    Situation::new("something else writes to descriptor 199")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"\\x01\\x4c\\x46\\x41text text text\", 18) == 18) for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.handshake", "fails", "descriptor 199?"),
    Situation::new("dies after its hello")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"\\x01\\x4c\\x46\\x41\", 4) == 4) _exit(1); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.handshake", "fails", "broke off"),
    Situation::new("a map larger than the first")
        .source(&[("prog.c", LARGE_MAP)])
        .build(&["clang -o prog prog.c"])
        .is("target.map", "ok", "tine enlarged it by itself"),
    Situation::new("the older dialect of AFL++")
        .source(&[("prog.c", READS)])
        .build(&["afl-clang-fast -o prog prog.c"])
        .is("target.start", "ok", "options"),
];
