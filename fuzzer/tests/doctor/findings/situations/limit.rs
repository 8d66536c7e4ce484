//! What limits and variables do.

use super::{READS, Situation};

/// What limits and variables do.
pub const LIMIT: &[Situation] = &[
    Situation::new("a memory limit and a sanitizer")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -fsanitize=address -o prog prog.c"])
        .line("-m 500 -- ./prog")
        .is("target.sanitizer", "fails", "tine fuzz -m none"),
    Situation::new("a memory limit that is too small")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\nstatic char table[200 << 20];\n\
              int main(void) { int c = getchar(); table[c & 15] = 1; return table[3]; }\n",
        )])
        .line("-m 50 -- ./prog")
        .is("target.memory-limit", "fails", "tine fuzz -m none"),
    Situation::new("-f names the target")
        .source(&[("prog.c", READS)])
        .line("-f prog -- ./prog")
        .is("target.arguments", "fails", "is the target itself"),
    Situation::new("-f names a folder that is not there")
        .source(&[("prog.c", READS)])
        .line("-f missing/input -- ./prog")
        .is("target.arguments", "fails", "cannot write"),
    Situation::new("a variable of afl-fuzz that has no effect in tine")
        .source(&[("prog.c", READS)])
        .with(&[("AFL_ALLOW_CORES", "1")])
        .is("host.variables", "note", "AFL_ALLOW_CORES has no effect"),
    Situation::new("AFL_DEBUG, and the target writes to standard output")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(void) { puts(\"not JSON\"); return getchar() == 't'; }\n",
        )])
        .with(&[("AFL_DEBUG", "1")])
        .is("target.output", "ok", "9 bytes in a run"),
];
