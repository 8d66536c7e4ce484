//! What happens before the fork server starts.

use super::{SOON, Situation};

/// What happens before the fork server starts.
pub const START: &[Situation] = &[
    Situation::new("a constructor that hangs")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) { for (;;) pause(); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.early-hang", "fails", "AFL_FORKSRV_INIT_TMOUT=15000"),
    Situation::new("a constructor that executes another program")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              execl(\"/bin/true\", \"true\", (char *)0); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.exec", "fails", "true before its fork server starts"),
    Situation::new("a constructor that executes a program that stays")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              execl(\"/bin/sleep\", \"sleep\", \"1000\", (char *)0); }\n\
              int main(void) { return 0; }\n",
        )])
        .with(SOON)
        .is("target.exec", "fails", "sleep before its fork server starts"),
    Situation::new("a constructor that becomes a daemon")
        .source(&[(
            "prog.c",
            b"#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (fork() == 0) _exit(0); _exit(0); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.forks", "fails", "in the foreground"),
    Situation::new("a constructor that forks and goes on")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <unistd.h>\n#include <sys/wait.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              if (fork() == 0) _exit(0); wait(0); }\n\
              int main(void) { return getchar() == 't'; }\n",
        )])
        .is("target.forks", "note", "a process before its fork server starts"),
    Situation::new("a constructor that crashes")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <stdlib.h>\n\
              __attribute__((constructor(200))) static void early(void) {\n\
              fputs(\"no licence\\n\", stderr); abort(); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.early-crash", "fails", "by hand it says: no licence"),
    Situation::new("a constructor that ends the program")
        .source(&[(
            "prog.c",
            b"#include <stdlib.h>\n\
              __attribute__((constructor(200))) static void early(void) { _Exit(3); }\n\
              int main(void) { return 0; }\n",
        )])
        .is("target.early-exit", "fails", "exit code 3"),
    Situation::new("__AFL_INIT() is not reached")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n\
              int main(int count, char **words) {\n\
              if (count < 2) { fputs(\"usage: prog FILE\\n\", stderr); return 2; }\n\
              __AFL_INIT(); return words[1][0]; }\n",
        )])
        .is("target.early-exit", "fails", "usage: prog FILE"),
    Situation::new("threads")
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
    Situation::new("a start that is slow")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <unistd.h>\n\
              __attribute__((constructor(200))) static void early(void) { usleep(3200000); }\n\
              int main(void) { return getchar() == 't'; }\n",
        )])
        .with(&[("AFL_FORKSRV_INIT_TMOUT", "6000")])
        .is("target.start", "slower", "AFL_FORKSRV_INIT_TMOUT="),
    Situation::new("a server with much memory")
        .source(&[(
            "prog.c",
            b"#include <stdio.h>\n#include <string.h>\n\
              static char table[300 << 20];\n\
              __attribute__((constructor(200))) static void early(void) { memset(table, 1, sizeof table); }\n\
              int main(void) { return getchar() == 't' ? table[5] : 0; }\n",
        )])
        .build(&["tine-cc -O1 -o prog prog.c"])
        .is("target.memory", "slower", "__AFL_LOOP"),
];
