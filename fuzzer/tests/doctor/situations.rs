//! Situations as people report them, and what the doctor is to say of each.

/// A situation.
pub struct Situation {
    /// What is wrong.
    pub name: &'static str,
    /// Which test it belongs to.
    pub group: &'static str,
    /// Files that are written first: name, content.
    pub files: &'static [(&'static str, &'static [u8])],
    /// Commands that are run then, in the test's folder.
    pub build: &'static [&'static str],
    /// Variables for the doctor.
    pub variables: &'static [(&'static str, &'static str)],
    /// The doctor's arguments.
    pub line: &'static str,
    /// The finding that has to be there,
    pub id: &'static str,
    /// at this level,
    pub level: &'static str,
    /// with this in what it says.
    pub text: &'static str,
}

impl Situation {
    const fn new(name: &'static str, group: &'static str) -> Self {
        Self {
            name,
            group,
            files: &[],
            build: &["tine-cc -o prog prog.c"],
            variables: &[],
            line: "-- ./prog",
            id: "",
            level: "ok",
            text: "",
        }
    }

    const fn source(mut self, files: &'static [(&'static str, &'static [u8])]) -> Self {
        self.files = files;
        self
    }

    const fn build(mut self, build: &'static [&'static str]) -> Self {
        self.build = build;
        self
    }

    const fn with(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = variables;
        self
    }

    const fn line(mut self, line: &'static str) -> Self {
        self.line = line;
        self
    }

    const fn is(mut self, id: &'static str, level: &'static str, text: &'static str) -> Self {
        self.id = id;
        self.level = level;
        self.text = text;
        self
    }
}

/// Reads standard input and does something with it.
const READS: &[u8] = b"#include <stdio.h>\n\
    int main(void) { int c = getchar(); if (c == 't') return 1; if (c == '>') return 2; return 0; }\n";

/// A library, and a program that needs it.
const PROGRAM_WITH_LIBRARY: &[(&str, &[u8])] = &[
    ("part.c", b"int part(void) { return 1; }\n"),
    (
        "prog.c",
        b"int part(void);\nint main(void) { return part(); }\n",
    ),
];

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

/// A short limit, so that a hang is soon found.
const SOON: &[(&str, &str)] = &[("AFL_FORKSRV_INIT_TMOUT", "2500")];

/// The first bytes of a 32-bit program for x86.
const ELF_32: &[u8] = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0\0\x80\x04\x08\
    \x34\0\0\0\0\0\0\0\0\0\0\0\x34\0\x20\0\0\0\0\0\0\0\0\0";

/// All of them.
pub const SITUATIONS: &[Situation] = &[
    // The file.
    Situation::new("a good program", "file")
        .source(&[("prog.c", READS)])
        .is("target.file", "ok", "./prog"),
    Situation::new("no such file", "file")
        .build(&[])
        .is("target.file", "fails", "there is no ./prog"),
    Situation::new("a name without its folder", "file")
        .source(&[("prog.c", READS)])
        .line("-- prog")
        .is("target.file", "fails", "tine doctor -- ./prog"),
    Situation::new("a folder", "file")
        .build(&[])
        .line("-- ./.")
        .is("target.file", "fails", "is a folder"),
    Situation::new("not executable", "file")
        .source(&[("prog", READS)])
        .build(&[])
        .is("target.file", "fails", "chmod +x ./prog"),
    Situation::new("a script of libtool", "file")
        .source(&[("prog", b"#!/bin/sh\nexec .libs/prog\n")])
        .build(&["chmod +x prog"])
        .is("target.file", "fails", "script for /bin/sh"),
    Situation::new("32 bits", "file")
        .source(&[("prog", ELF_32)])
        .build(&["chmod +x prog"])
        .is("target.file", "fails", "without -m32"),
    Situation::new("an object file, as __AFL_INIT without a runtime leaves it", "file")
        .source(&[("prog.c", b"int main(void) { __AFL_INIT(); return 0; }\n")])
        .build(&["tine-cc -c -o prog prog.c", "chmod +x prog"])
        .is("target.file", "fails", "has to be linked, by tine-cc"),
    Situation::new("a text that is executable", "file")
        .source(&[("prog", b"hello\n")])
        .build(&["chmod +x prog"])
        .is("target.file", "fails", "no ELF file"),
    Situation::new("a loader that is not there", "file")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -Wl,--dynamic-linker=/nowhere/ld.so -o prog prog.c"])
        .is("target.libraries", "fails", "/nowhere/ld.so is not there"),
    Situation::new("a library that is missing", "file")
        .source(PROGRAM_WITH_LIBRARY)
        .build(&[
            "clang -shared -fPIC -o libpart.so part.c",
            "tine-cc -o prog prog.c -L. -lpart",
        ])
        .is("target.libraries", "fails", "not found: libpart.so"),
    Situation::new("a static program", "file")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -static -o prog prog.c"])
        .is("target.libraries", "ok", "static"),
    Situation::new("not instrumented", "file")
        .source(&[("prog.c", READS)])
        .build(&["clang -o prog prog.c"])
        .is("target.instrumented", "fails", "CC=tine-cc"),
    Situation::new("only a library is instrumented, by tine-cc", "file")
        .source(PROGRAM_WITH_LIBRARY)
        .build(&[
            "tine-cc -shared -fPIC -o libpart.so part.c",
            "clang -o prog prog.c -L. -lpart -Wl,-rpath,$ORIGIN",
        ])
        .is("target.instrumented", "fails", "tine-cc -o PROGRAM"),
    Situation::new("only a library is instrumented, and brings a runtime", "file")
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
    Situation::new("AFL++ built it", "file")
        .source(&[("prog.c", READS)])
        .build(&["afl-clang-fast -o prog prog.c"])
        .is("target.instrumented", "ok", "AFL++"),
    Situation::new("may call kill(-1)", "file")
        .source(&[(
            "prog.c",
            b"#include <signal.h>\n#include <stdio.h>\n\
              int main(void) { int c = getchar(); if (c == '#') kill(-1, 9); return c == 't'; }\n",
        )])
        .is("target.calls", "note", "unshare -Urpf"),
    Situation::new("sanitizer", "file")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -fsanitize=address -o prog prog.c"])
        .is("target.sanitizer", "ok", "AddressSanitizer"),
    // Before the fork server starts.
    Situation::new("a constructor that hangs", "start")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) { for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.early-hang", "fails", "AFL_FORKSRV_INIT_TMOUT=15000"),
    Situation::new("a constructor that executes another program", "start")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              execl(\"/bin/true\", \"true\", (char *)0); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.exec", "fails", "true before its fork server starts"),
    Situation::new("a constructor that executes a program that stays", "start")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              execl(\"/bin/sleep\", \"sleep\", \"1000\", (char *)0); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.exec", "fails", "sleep before its fork server starts"),
    Situation::new("a constructor that becomes a daemon", "start")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (fork() == 0) _exit(0); _exit(0); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.forks", "fails", "in the foreground"),
    Situation::new("a constructor that forks and goes on", "start")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <unistd.h>\n#include <sys/wait.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (fork() == 0) _exit(0); wait(0); }\n\
              int main(void) { return getchar() == 't'; }\n",
        )])
        .is("target.forks", "note", "a process before its fork server starts"),
    Situation::new("a constructor that crashes", "start")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <stdlib.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              fputs(\"no licence\\n\", stderr); abort(); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.early-crash", "fails", "by hand it says: no licence"),
    Situation::new("a constructor that ends the program", "start")
        .source(&[(
            "prog.c",
            b"#include <stdlib.h>\n\
              __attribute__((constructor(200))) static void early(void) { _Exit(3); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.early-exit", "fails", "exit code 3"),
    Situation::new("__AFL_INIT() is not reached", "start")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(int count, char **words) {\n\
              if (count < 2) { fputs(\"usage: prog FILE\\n\", stderr); return 2; }\n\
              __AFL_INIT(); return words[1][0]; }\n",
        )])
        .is("target.early-exit", "fails", "usage: prog FILE"),
    Situation::new("threads", "start")
        .source(&[(
            "prog.c",
            b"#include <pthread.h>\n#include <stdio.h>\n#include <unistd.h>\n\
              static void *wait_here(void *x) { for (;;) pause(); return x; }\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              pthread_t thread; pthread_create(&thread, 0, wait_here, 0); }\n\
              int main(void) { return getchar() == 't'; }\n",
        )])
        .build(&["tine-cc -pthread -o prog prog.c"])
        .is("target.threads", "note", "2 before the fork server starts"),
    Situation::new("a start that is slow", "start")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) { usleep(3200000); }\n\
              int main(void) { return getchar() == 't'; }\n",
        )])
        .with(&[("AFL_FORKSRV_INIT_TMOUT", "6000")])
        .is("target.start", "slower", "AFL_FORKSRV_INIT_TMOUT="),
    Situation::new("a server with much memory", "start")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <string.h>\n\
              static char table[300 << 20];\n\
              __attribute__((constructor(200))) static void early(void) { memset(table, 1, sizeof table); }\n\
              int main(void) { return getchar() == 't' ? table[5] : 0; }\n",
        )])
        .build(&["tine-cc -O1 -o prog prog.c"])
        .is("target.memory", "slower", "__AFL_LOOP"),
    // The handshake.
    Situation::new("half a hello", "handshake")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"ab\", 2) == 2) for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.early-hang", "fails", "only a part of its hello"),
    Situation::new("an unknown hello", "handshake")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"\\x7f\\x4c\\x46\\x41\", 4) == 4) for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.handshake", "fails", "version"),
    Situation::new("something else writes to descriptor 199", "handshake")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"\\x01\\x4c\\x46\\x41text text text\", 18) == 18) for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.handshake", "fails", "descriptor 199?"),
    Situation::new("dies after its hello", "handshake")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (write(199, \"\\x01\\x4c\\x46\\x41\", 4) == 4) _exit(1); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.handshake", "fails", "broke off"),
    Situation::new("a map larger than the first", "handshake")
        .source(&[("prog.c", LARGE_MAP)])
        .build(&["clang -o prog prog.c"])
        .is("target.map", "ok", "tine enlarged it by itself"),
    Situation::new("the older dialect of AFL++", "handshake")
        .source(&[("prog.c", READS)])
        .build(&["afl-clang-fast -o prog prog.c"])
        .is("target.start", "ok", "options"),
    // Runs.
    Situation::new("all is well", "run")
        .source(&[("prog.c", READS)])
        .is("target.stability", "ok", "same edges"),
    Situation::new("reads a file, and @@ is missing", "run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(int count, char **words) {\n\
              FILE *file = count > 1 ? fopen(words[1], \"r\") : 0;\n\
              return file ? getc(file) == 't' : 9; }\n",
        )])
        .is("target.input", "fails", "tine fuzz \u{2026} -- ./prog @@"),
    Situation::new("reads a file", "run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(int count, char **words) {\n\
              FILE *file = count > 1 ? fopen(words[1], \"r\") : 0;\n\
              return file ? getc(file) == 't' : 9; }\n",
        )])
        .line("-- ./prog @@")
        .is("target.input", "ok", "from its file"),
    Situation::new("reads standard input, and @@ is too much", "run")
        .source(&[("prog.c", READS)])
        .line("-- ./prog @@")
        .is("target.input", "fails", "without @@"),
    Situation::new("reads its input, and it makes no difference", "run")
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
    Situation::new("becomes another program in a run", "run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <unistd.h>\n\
              int main(void) { int c = getchar(); if (c == 't') execl(\"/bin/true\", \"true\", (char *)0);\n\
              return 0; }\n",
        )])
        .is("target.exec", "slower", "true in a run"),
    Situation::new("crashes on no input", "run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <stdlib.h>\n\
              int main(void) { int c = getchar(); if (c < 0) abort(); return c == 't'; }\n",
        )])
        .is("target.run-empty", "note", "SIGABRT"),
    Situation::new("crashes on everything", "run")
        .source(&[("prog.c", b"#include <stdlib.h>\nint main(void) { abort(); }\n")])
        .is("target.run-input", "fails", "SIGABRT"),
    Situation::new("crashes on the input that is given", "run")
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
    Situation::new("runs for ever", "run")
        .source(&[("prog.c", b"#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")])
        .line("-t 200 -- ./prog")
        .is("target.run-input", "fails", "within 2.0 s either"),
    Situation::new("runs longer than its limit", "run")
        .source(&[("prog.c", b"#include <unistd.h>\nint main(void) { usleep(700000); return 0; }\n")])
        .line("-t 200 -- ./prog")
        .is("target.run-input", "fails", "with more time: exited"),
    Situation::new("a forked run that takes longer than the limit, in persistent mode", "run")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n__AFL_FUZZ_INIT();\n\
              int main(void) { usleep(1400000); unsigned char *b = __AFL_FUZZ_TESTCASE_BUF; int n = 0;\n\
              while (__AFL_LOOP(1000)) if (__AFL_FUZZ_TESTCASE_LEN > 0 && b[0] == 't') n++;\n\
              return n; }\n",
        )])
        .line("-t 500 -- ./prog")
        .is("target.first-run", "fails", "every forked run times out"),
    Situation::new("no edge is taken", "run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\nint main(void) { return getchar() == 't'; }\n",
        )])
        .build(&["clang -c prog.c -o prog.o", "tine-cc -o prog prog.o"])
        .is("target.coverage", "fails", "no run takes any edge"),
    Situation::new("not the same each time", "run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n__AFL_FUZZ_INIT();\n\
              static int passes, kept;\n\
              int main(void) { __AFL_INIT(); unsigned char *b = __AFL_FUZZ_TESTCASE_BUF;\n\
              while (__AFL_LOOP(1000)) { passes++; if (b[0] == 't') kept++; if (passes % 2) kept += 2; }\n\
              return kept; }\n",
        )])
        .is("target.stability", "slower", "differ"),
    Situation::new("a flood of text", "run")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(void) { int c = getchar(); for (int i = 0; i < 20000; i++) puts(\"a line of text\");\n\
              return c == 't'; }\n",
        )])
        .is("target.output", "slower", "292 KiB in a run"),
    // Limits and variables.
    Situation::new("a memory limit and a sanitizer", "limit")
        .source(&[("prog.c", READS)])
        .build(&["tine-cc -fsanitize=address -o prog prog.c"])
        .line("-m 500 -- ./prog")
        .is("target.sanitizer", "fails", "tine fuzz -m none"),
    Situation::new("a memory limit that is too small", "limit")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\nstatic char table[200 << 20];\n\
              int main(void) { int c = getchar(); table[c & 15] = 1; return table[3]; }\n",
        )])
        .line("-m 50 -- ./prog")
        .is("target.memory-limit", "fails", "tine fuzz -m none"),
    Situation::new("-f names the target", "limit")
        .source(&[("prog.c", READS)])
        .line("-f prog -- ./prog")
        .is("target.arguments", "fails", "is the target itself"),
    Situation::new("-f names a folder that is not there", "limit")
        .source(&[("prog.c", READS)])
        .line("-f missing/input -- ./prog")
        .is("target.arguments", "fails", "cannot write"),
    Situation::new("a variable of afl-fuzz that tine does not know", "limit")
        .source(&[("prog.c", READS)])
        .with(&[("AFL_TMPDIR", "/tmp")])
        .is("host.variables", "note", "AFL_TMPDIR has no effect"),
];
