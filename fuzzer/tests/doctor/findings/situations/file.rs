//! What the file tells, before it is started.

use super::{READS, Situation};

/// A library, and a program that needs it.
const PROGRAM_WITH_LIBRARY: &[(&str, &[u8])] = &[
    ("part.c", b"int part(void) { return 1; }\n"),
    (
        "prog.c",
        b"int part(void);\nint main(void) { return part(); }\n",
    ),
];

/// The first bytes of a 32-bit program for x86.
const ELF_32: &[u8] = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0\0\x80\x04\x08\
    \x34\0\0\0\0\0\0\0\0\0\0\0\x34\0\x20\0\0\0\0\0\0\0\0\0";

/// What the file tells, before it is started.
pub const FILE: &[Situation] = &[
    Situation::new("a good program")
        .source(&[("prog.c", READS)])
        .is("target.file", "ok", "./prog"),
    Situation::new("no such file")
        .build(&[])
        .is("target.file", "fails", "there is no ./prog"),
    Situation::new("a name without its folder")
        .source(&[("prog.c", READS)])
        .line("-- prog")
        .is("target.file", "fails", "tine doctor -- ./prog"),
    Situation::new("a folder")
        .build(&[])
        .line("-- ./.")
        .is("target.file", "fails", "is a folder"),
    Situation::new("not executable")
        .source(&[("prog", READS)])
        .build(&[])
        .is("target.file", "fails", "chmod +x ./prog"),
    Situation::new("a script of libtool")
        .source(&[("prog", b"#!/bin/sh\nexec .libs/prog\n")])
        .build(&["chmod +x prog"])
        .is("target.file", "fails", "script for /bin/sh"),
    Situation::new("32 bits")
        .source(&[("prog", ELF_32)])
        .build(&["chmod +x prog"])
        .is("target.file", "fails", "without -m32"),
    Situation::new("an object file, as __AFL_INIT without a runtime leaves it")
        .source(&[("prog.c", b"int main(void) { __AFL_INIT(); return 0; }\n")])
        .build(&["tine-cc -c -o prog prog.c", "chmod +x prog"])
        .is("target.file", "fails", "has to be linked, by tine-cc"),
    Situation::new("a text that is executable")
        .source(&[("prog", b"hello\n")])
        .build(&["chmod +x prog"])
        .is("target.file", "fails", "no ELF file"),
    Situation::new("a loader that is not there")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -Wl,--dynamic-linker=/nowhere/ld.so -o prog prog.c"])
        .is("target.libraries", "fails", "/nowhere/ld.so is not there"),
    Situation::new("a library that is missing")
        .source(PROGRAM_WITH_LIBRARY)
        .build(&[
            "clang -shared -fPIC -o libpart.so part.c",
            "tine-cc -o prog prog.c -L. -lpart",
        ])
        .is("target.libraries", "fails", "not found: libpart.so"),
    Situation::new("a static program")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -static -o prog prog.c"])
        .is("target.libraries", "ok", "static"),
    Situation::new("not instrumented")
        .source(&[("prog.c", READS)])
        .build(&["clang -o prog prog.c"])
        .is("target.instrumented", "fails", "CC=tine-cc"),
    Situation::new("only a library is instrumented, by tine-cc")
        .source(PROGRAM_WITH_LIBRARY)
        .build(&[
            "tine-cc -shared -fPIC -o libpart.so part.c",
            "clang -o prog prog.c -L. -lpart -Wl,-rpath,$ORIGIN",
        ])
        .is("target.instrumented", "fails", "tine-cc -o PROGRAM"),
    Situation::new("only a library is instrumented, and brings a runtime")
        .source(&[
            (
                "part.c",
                b"#include <stdlib.h>\nint part(void) { return getenv(\"__AFL_SHM_ID\") != 0; }\n",
            ),
            (
                "prog.c",
                b"int part(void);\nint main(void) { return part(); }\n",
            ),
        ])
        .build(&[
            "clang -shared -fPIC -o libpart.so part.c",
            "clang -o prog prog.c -L. -lpart -Wl,-rpath,$ORIGIN",
        ])
        .is("target.instrumented", "fails", "AFL_SKIP_BIN_CHECK=1"),
    Situation::new("AFL++ built it")
        .source(&[("prog.c", READS)])
        .build(&["afl-clang-fast -o prog prog.c"])
        .is("target.instrumented", "ok", "AFL++"),
    Situation::new("may call kill(-1)")
        .source(&[(
            "prog.c",
            b"#include <signal.h>\n#include <stdio.h>\n\
              int main(void) { int c = getchar(); if (c == '#') kill(-1, 9); return c == 't'; }\n",
        )])
        .is("target.calls", "note", "unshare -Urpf"),
    Situation::new("sanitizer")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -fsanitize=address -o prog prog.c"])
        .is("target.sanitizer", "ok", "AddressSanitizer"),
];
