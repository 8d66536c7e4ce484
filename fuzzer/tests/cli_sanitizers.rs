//! What a sanitizer reports is a crash, without any option; what it does not
//! report is none.

mod support;

use support::{Compiler, Workbench};

/// Makes the mistake that its input names.
const PROGRAM: &str = r#"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
static int shared;
/* Orders the two accesses in time, but not for the thread sanitizer: of two at the very
   same moment it may miss both. */
static int accessed;
static void *other_thread(void *unused) {
    shared++;
    __atomic_store_n(&accessed, 1, __ATOMIC_RELAXED);
    return unused;
}
static void *volatile kept;
int main(void) {
    char what = 0;
    int number = 0x7fffffff;
    if (read(0, &what, 1) != 1) return 1;
    int *memory = malloc(sizeof *memory);
    switch (what) {
    case 'a': free(memory); return *memory;
    case 'u': number += what; return number == 7;
    case 'm': if (*memory) return 3; break;
    case 'l': kept = malloc(1000); kept = NULL; break;
    case 't': {
        pthread_t thread;
        pthread_create(&thread, NULL, other_thread, NULL);
        while (!__atomic_load_n(&accessed, __ATOMIC_RELAXED)) sched_yield();
        shared++;
        pthread_join(thread, NULL);
        break;
    }
    case 's': *(volatile int *)8 = 1;
    }
    free(memory);
    return 0;
}
"#;

/// Sanitizer, the input that it reports, whether gcc has it.
const SANITIZERS: [(&str, &str, bool); 5] = [
    ("address", "a", true),
    ("undefined", "u", true),
    ("memory", "m", false),
    ("leak", "l", true),
    ("thread", "t", true),
];

#[test]
fn reports_are_crashes_and_nothing_else_is() {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let mut failures = Vec::new();
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        for (sanitizer, reported, gcc_has_it) in SANITIZERS {
            if !compiler.clang && !gcc_has_it {
                continue;
            }
            let cc = bench
                .tine_cc()
                .env("TINE_CC", &compiler.cc)
                .args(["-O0", "-pthread"]);
            let flag = format!("-fsanitize={sanitizer}");
            cc.args([&flag, "-o", "prog", "prog.c"])
                .run()
                .assert_code(0);
            for (input, code) in [(reported, 2), ("s", 2), ("x", 0)] {
                let showmap = bench
                    .tine()
                    .args(["showmap", "-t", "10000", "-o", "map", "./prog"]);
                let done = showmap.stdin(input).run();
                if done.code() != Some(code) {
                    failures.push(format!("{} {sanitizer} {input}: {done}", compiler.name()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn the_users_own_options_win() {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let cc = bench
        .tine_cc()
        .args(["-O0", "-pthread", "-fsanitize=address", "-o", "prog"]);
    cc.arg("prog.c").run().assert_code(0);
    let with = |options: &str| {
        let showmap = bench
            .tine()
            .args(["showmap", "-o", "map", "./prog"])
            .stdin("a");
        showmap.env("ASAN_OPTIONS", options).run()
    };
    // An option of no importance leaves the defaults alone.
    with("verbosity=0").assert_code(2).assert_stderr("SIGABRT");
    with("abort_on_error=0:exitcode=86")
        .assert_code(2)
        .assert_stderr("exit code 86");
    with("abort_on_error=0:exitcode=5")
        .assert_code(0)
        .assert_stderr("exited with code 5");
}
