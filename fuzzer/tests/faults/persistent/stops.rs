//! A child stops at the end of a pass, whichever thread runs the loop; where it cannot,
//! the controller says so.

use super::{ENOUGH, compilers, taken, target};
use std::fs;
use tine_controller::{ForkServer, Outcome, RunError};
use tine_ipc::{Pid, signal};
use tine_workbench::{Compiler, Workbench, in_process, wait_until};

/// Loops that are not run by the first thread alone. The argument chooses one.
const THREADS: &str = r#"
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>
__AFL_FUZZ_INIT();
static unsigned char *input;
static volatile unsigned long spun;
static volatile int count;
__attribute__((noinline)) static void pass(void) {
    int length = __AFL_FUZZ_TESTCASE_LEN;
    if (length > 0 && input[0] == 'a') count++; else count += 2;
    if (length > 0 && input[0] == 'b') for (int i = 0; i < 5; i++) count += i;
}
#ifdef __clang__
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define UNCOUNTED __attribute__((no_sanitize_coverage))
#endif
UNCOUNTED static void *spin(void *unused) { for (;;) spun++; return unused; }
static void *loop(void *unused) { while (__AFL_LOOP(100000)) pass(); return unused; }
/* One thread after another has a pass. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static intptr_t whose;
UNCOUNTED static void *take_turns(void *number) {
    for (int goes_on = 1; goes_on;) {
        pthread_mutex_lock(&turn);
        while (whose != (intptr_t)number) pthread_cond_wait(&changed, &turn);
        goes_on = __AFL_LOOP(100000);
        if (goes_on) pass();
        whose = !whose;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&turn);
    }
    return 0;
}
int main(int argc, char **argv) {
    pthread_t one, other;
    input = __AFL_FUZZ_TESTCASE_BUF;
    switch (argc > 1 ? argv[1][0] : 0) {
    case 's': /* beside the first thread, which waits */
        pthread_create(&one, 0, loop, 0);
        break;
    case 'b': /* beside one that never rests */
        pthread_create(&other, 0, spin, 0);
        pthread_create(&one, 0, loop, 0);
        break;
    case 'f': /* in the first thread, beside one that never rests */
        pthread_create(&other, 0, spin, 0);
        loop(0);
        return 0;
    case 't':
        pthread_create(&one, 0, take_turns, (void *)0);
        pthread_create(&other, 0, take_turns, (void *)1);
        break;
    default:
        return 9;
    }
    pthread_join(one, 0);
    return 0;
}
"#;

#[test]
fn a_pass_is_over_when_its_own_thread_stops() {
    let bench = in_process();
    for compiler in compilers() {
        let mut config = target(&bench, &compiler, THREADS, &["-O1", "-pthread"]);
        for how in ["second", "beside", "first", "turns"] {
            config.args = vec![how.into()];
            let mut server = ForkServer::start(config.clone()).expect("it starts");
            let mut cover = |input: &[u8]| {
                let outcome = server.run(input).expect("it runs");
                assert_eq!(outcome, Outcome::LoopDone, "{} {how}", compiler.name());
                let covered = taken(&server);
                assert!(server.has_waiting_child());
                covered
            };
            let (a, b) = (cover(b"a"), cover(b"b"));
            assert_ne!(a, b, "{} {how}", compiler.name());
            for round in 0..20 {
                assert_eq!(cover(b"a"), a, "{} {how} {round}", compiler.name());
                assert_eq!(cover(b"b"), b, "{} {how} {round}", compiler.name());
            }
            assert_eq!(server.restarts(), 0, "{:?}", server.last_loss());
        }
    }
}

/// Two threads in the loop at once: there is no telling whose pass an input is, but each
/// run ends.
const BOTH: &str = r#"
#include <pthread.h>
static void *loop(void *unused) { while (__AFL_LOOP(100000)) {} return unused; }
int main(void) {
    pthread_t one, other;
    pthread_create(&one, 0, loop, 0);
    pthread_create(&other, 0, loop, 0);
    pthread_join(one, 0);
    pthread_join(other, 0);
    return 0;
}
"#;

#[test]
fn two_threads_in_the_loop_at_once_end_each_run() {
    let bench = in_process();
    let config = target(&bench, &Compiler::clang(), BOTH, &["-pthread"]);
    let mut server = ForkServer::start(config).expect("it starts");
    for _ in 0..200 {
        assert_eq!(server.run(b"x").expect("it runs"), Outcome::LoopDone);
    }
    assert_eq!(server.restarts(), 0, "{:?}", server.last_loss());
}

/// Installs a filter that has an answer for some of the system calls by which a process
/// can stop itself: k(ill), t(gkill), T (tkill). The answer is a number of an error, or
/// "kill".
const DENIES: &str = r#"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
static void deny(int call, unsigned answer) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(99);
}
int main(int argc, char **argv) {
    if (argc < 3) return 9;
    unsigned answer = strcmp(argv[2], "kill") ? SECCOMP_RET_ERRNO | atoi(argv[2])
                                              : SECCOMP_RET_KILL_PROCESS;
    if (strchr(argv[1], 'k')) deny(SYS_kill, answer);
    if (strchr(argv[1], 't')) deny(SYS_tgkill, answer);
    if (strchr(argv[1], 'T')) deny(SYS_tkill, answer);
    while (__AFL_LOOP(1000)) {
        char first = 0;
        if (read(0, &first, 1) == 1 && first == 'x') _exit(3);
    }
    return 0;
}
"#;

#[test]
fn a_stop_that_is_denied_is_an_error_that_says_so() {
    let bench = in_process();
    let mut config = target(&bench, &Compiler::clang(), DENIES, &[]);
    // System calls that are denied, the answer, and the number in the error, if the
    // child cannot stop.
    for (calls, answer, errno) in [
        ("k", "1", None),
        ("t", "1", None),
        ("tT", "1", None),
        ("kT", "38", None),
        ("ktT", "1", Some(1)),
        ("ktT", "38", Some(38)),
        // It says that it did what it did not do.
        ("ktT", "0", Some(0)),
        ("t", "0", Some(0)),
        ("t", "kill", Some(0)),
    ] {
        config.args = vec![calls.into(), answer.into()];
        let mut server = ForkServer::start(config.clone()).expect("it starts");
        for _ in 0..3 {
            match (server.run(b"a"), errno) {
                (Ok(Outcome::LoopDone), None) => {}
                (Err(RunError::CannotStop { errno }), Some(wanted)) => {
                    assert_eq!(errno, wanted, "{calls} {answer}");
                }
                (other, _) => panic!("{calls} {answer}: {other:?}"),
            }
            // What does not come to the end of a pass is as ever.
            assert_eq!(server.run(b"x").expect("it runs"), Outcome::Exited(3));
        }
        assert_eq!(server.restarts(), 0, "{:?}", server.last_loss());
    }
}

#[test]
fn a_target_that_cannot_stop_is_named_by_the_commands() {
    let bench = Workbench::new();
    target(&bench, &Compiler::clang(), DENIES, &[]);
    bench.seeds("in", ["a", "b"]);
    let done = bench
        .tine()
        .args(["showmap", "-o", "map", "--", "./target", "ktT", "1"])
        .stdin("a")
        .run();
    done.assert_code(1);
    assert!(done.stderr().contains("seccomp"), "{}", done.stderr());
    let fuzz = ["fuzz", "-i", "in", "-o", "out", "-V", "20", "--no-ui", "--"];
    let done = bench
        .tine()
        .args(fuzz)
        .args(["./target", "ktT", "1"])
        .deadline(ENOUGH * 3)
        .run();
    done.assert_code(1);
    assert!(done.stderr().contains("seccomp"), "{}", done.stderr());
}

/// The input says what becomes of the process in the loop.
const FORKS: &str = r#"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
__AFL_FUZZ_INIT();
static int loop(void) {
    unsigned char *input = __AFL_FUZZ_TESTCASE_BUF;
    volatile int covered = 0;
    while (__AFL_LOOP(1000)) {
        if (__AFL_FUZZ_TESTCASE_LEN < 1) continue;
        if (input[0] == 'b') covered++;
        /* Comes to the end of the pass in both processes. */
        if (input[0] == 'f') {
            pid_t child = fork();
            if (child > 0 && waitpid(child, 0, 0) != child) abort();
        }
    }
    return 5;
}
int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "worker")) {
        int status;
        pid_t child = fork();
        if (child == 0) _exit(loop());
        waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    }
    return loop();
}
"#;

#[test]
fn a_process_that_was_forked_within_the_loop_leaves_it() {
    let bench = in_process();
    for compiler in compilers() {
        let config = target(&bench, &compiler, FORKS, &[]);
        let mut server = ForkServer::start(config).expect("it starts");
        for input in [b"f", b"a", b"f", b"f"] {
            let outcome = server.run(input).expect("it runs");
            assert_eq!(outcome, Outcome::LoopDone, "{}", compiler.name());
        }
    }
}

#[test]
fn a_loop_in_a_process_of_its_own_has_one_pass() {
    let bench = in_process();
    let mut config = target(&bench, &Compiler::clang(), FORKS, &[]);
    config.args = vec!["worker".into()];
    let mut server = ForkServer::start(config).expect("it starts");
    for _ in 0..3 {
        assert_eq!(server.run(b"a").expect("it runs"), Outcome::Exited(5));
        assert_ne!(taken(&server), [], "it is covered all the same");
    }
}

#[test]
fn a_child_that_somebody_else_continues_takes_no_input_for_it() {
    let bench = in_process();
    for compiler in compilers() {
        let config = target(&bench, &compiler, FORKS, &[]);
        let mut server = ForkServer::start(config).expect("it starts");
        let mut cover = |input: &[u8]| {
            assert_eq!(server.run(input).expect("it runs"), Outcome::LoopDone);
            let pid = server.server_pid().expect("it has a fork server");
            (taken(&server), child_of(pid))
        };
        let (a, child) = cover(b"a");
        let (b, _) = cover(b"b");
        assert_ne!(a, b);
        for _ in 0..5 {
            signal::send(child, signal::CONTINUE).expect("the child is there");
            assert!(wait_until(ENOUGH, || is_stopped(child)), "it stops again");
            assert_eq!(cover(b"a"), (a.clone(), child), "{}", compiler.name());
            signal::send(child, signal::CONTINUE).expect("the child is there");
            assert_eq!(cover(b"b"), (b.clone(), child), "{}", compiler.name());
        }
    }
}

fn child_of(server: Pid) -> Pid {
    let path = format!("/proc/{server}/task/{server}/children");
    let children = fs::read_to_string(path).expect("the server is there");
    let child = children.trim().parse().expect("it has one child");
    Pid::new(child).expect("it is a process")
}

fn is_stopped(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it is there");
    status.contains("State:\tT")
}

const LIBRARY: &str = r#"
#include <stdlib.h>
__AFL_FUZZ_INIT();
volatile int covered;
void harness(void) {
    __AFL_INIT();
    unsigned char *input = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        if (__AFL_FUZZ_TESTCASE_LEN < 1) continue;
        if (input[0] == 'a') covered = 1;
        if (input[0] == 'c') abort();
    }
}
"#;

/// The mark of the macros lies in the shared object, where no fuzzer looks for it.
#[test]
fn a_loop_in_a_shared_object_is_one_if_the_user_says_so() {
    let bench = Workbench::new();
    bench.write("harness.c", LIBRARY);
    bench.write(
        "main.c",
        "void harness(void); int main(void) { harness(); return 0; }\n",
    );
    for compiler in compilers() {
        for line in [
            "-shared -fPIC harness.c -o harness.so",
            "main.c ./harness.so -o program",
        ] {
            let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
            cc.args(line.split(' ')).run().assert_code(0);
        }
        for (is_told, way) in [
            (false, "exited with code 0"),
            (true, "finished its pass of the persistent loop"),
        ] {
            for (input, code, end) in [("a", 0, way), ("c", 2, "crashed by signal 6")] {
                let mut showmap = bench.tine();
                if is_told {
                    showmap = showmap
                        .env("AFL_PERSISTENT", "1")
                        .env("AFL_DEFER_FORKSRV", "1");
                }
                let showmap = showmap.args(["showmap", "-o", "map", "--", "./program"]);
                let done = showmap.stdin(input).run();
                done.assert_code(code).assert_stderr(end);
            }
        }
    }
}
