//! A fresh child runs its first input twice, each time as it was given; the first pass
//! has a limit of its own.

use super::{ENOUGH, compilers, taken, target};
use std::time::{Duration, Instant};
use tine_controller::{ForkServer, InputRoute, Outcome};
use tine_workbench::{Compiler, Stats, Workbench, in_process};

/// Changes its input, wherever that comes from, and aborts if it finds it changed.
const CHANGES: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef SHARED
__AFL_FUZZ_INIT();
#endif
int main(int argc, char **argv) {
    __AFL_INIT();
#ifdef SHARED
    unsigned char *input = __AFL_FUZZ_TESTCASE_BUF;
#endif
    volatile int set_up = 0, covered = 0;
    while (__AFL_LOOP(1000)) {
        if (!set_up) set_up = 1;
        char buffer[16] = {0};
        int length;
#ifdef SHARED
        length = __AFL_FUZZ_TESTCASE_LEN;
        memcpy(buffer, input, length < 15 ? length : 15);
        memset(input, 'X', length + 5);
        ((unsigned *)input)[-1] = 7;
#else
        int file = argc > 1 ? open(argv[1], O_RDWR) : 0;
        if (file < 0) return 9;
        length = read(file, buffer, 15);
        if (argc > 1) {
            /* Overwrites it, or has another one take its place. */
            if (length == 3) {
                lseek(file, 0, SEEK_SET);
                if (write(file, "XXXXX", 5) != 5) return 9;
            } else {
                unlink(argv[1]);
                file = open(argv[1], O_RDWR | O_CREAT, 0600);
            }
            close(file);
        }
#endif
        if (length != 3 && length != 4) abort();
        if (memcmp(buffer, "bug", length < 3 ? length : 3)) abort();
        covered++;
    }
    return 0;
}
"#;

#[test]
fn what_the_first_pass_does_to_the_input_is_put_back() {
    let bench = in_process();
    for compiler in compilers() {
        for (flags, file) in [(&["-DSHARED"][..], false), (&[], false), (&[], true)] {
            let mut config = target(&bench, &compiler, CHANGES, flags);
            if file {
                config.input = InputRoute::File(bench.path("input"));
                config.args = vec![bench.path("input").into()];
            }
            let mut server = ForkServer::start(config).expect("it starts");
            for _ in 0..3 {
                let what = format!("{} {flags:?} {file}", compiler.name());
                let outcome = server.run(b"bug").expect("it runs");
                assert_eq!(outcome, Outcome::LoopDone, "{what}");
                let first = taken(&server);
                assert_eq!(server.run(b"bug").expect("it runs"), Outcome::LoopDone);
                assert_eq!(taken(&server), first, "{what}: set up once, not counted");
                assert_eq!(server.run(b"bug!").expect("it runs"), Outcome::LoopDone);
                server.discard_child();
                assert_eq!(server.run(b"bug!").expect("it runs"), Outcome::LoopDone);
                server.discard_child();
            }
            assert_eq!(server.restarts(), 0, "{:?}", server.last_loss());
        }
    }
}

/// Sets itself up in its first pass, for 400 ms. The input says how a pass ends, and
/// whether at once, or after the set-up.
const SLOW: &str = r#"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
__AFL_FUZZ_INIT();
static void act(unsigned char letter) {
    if (letter == 'h') for (;;) pause();
    if (letter == 'c') abort();
    if (letter == 'e') _exit(3);
}
int main(void) {
    __AFL_INIT();
    unsigned char *input = __AFL_FUZZ_TESTCASE_BUF;
    int ready = 0;
    while (__AFL_LOOP(1000)) {
        if (__AFL_FUZZ_TESTCASE_LEN > 1) act(input[1]);
        if (!ready) {
            nanosleep(&(struct timespec){0, 400 * 1000 * 1000}, 0);
            ready = 1;
        }
        if (__AFL_FUZZ_TESTCASE_LEN > 0) act(input[0]);
    }
    return 0;
}
"#;

const SET_UP: Duration = Duration::from_millis(400);

#[test]
fn the_first_pass_of_a_child_has_a_limit_of_its_own() {
    const LIMIT: Duration = Duration::from_millis(100);
    let bench = in_process();
    let mut config = target(&bench, &Compiler::clang(), SLOW, &[]);
    config.timeout = LIMIT;
    let mut server = ForkServer::start(config).expect("it starts");
    // Inputs, and how they end, first in a fresh child and then in one that is ready.
    for (input, ready) in [
        ("o", true),
        ("h", false),
        ("c", false),
        ("e", false),
        (".c", false),
    ] {
        let wanted = match input.as_bytes()[input.len() - 1] {
            b'o' => Outcome::LoopDone,
            b'h' => Outcome::TimedOut,
            b'c' => Outcome::Signaled {
                signal: 6,
                core: false,
            },
            _ => Outcome::Exited(3),
        };
        server.discard_child();
        let outcome = server.run(input.as_bytes()).expect("it runs");
        assert_eq!(outcome, wanted, "{input} in a fresh child");
        assert_eq!(server.has_waiting_child(), ready, "{input}");
        assert_eq!(server.set_up_time() >= SET_UP, ready, "{input}");
        assert_eq!(server.run(b"o").expect("it runs"), Outcome::LoopDone);
        let began = Instant::now();
        let outcome = server.run(input.as_bytes()).expect("it runs");
        assert_eq!(outcome, wanted, "{input} in one that is ready");
        assert!(server.set_up_time().is_zero(), "{input}");
        // A hang is over soon where nothing is set up.
        assert!(
            began.elapsed() < ENOUGH / 2,
            "{input}: {:?}",
            began.elapsed()
        );
    }
    assert_eq!(server.restarts(), 0, "{:?}", server.last_loss());
}

#[test]
fn what_a_child_does_once_is_no_part_of_what_an_input_takes() {
    let bench = Workbench::new();
    for compiler in compilers() {
        target(&bench, &compiler, SLOW, &[]);
        bench.seeds("in", ["aa", "bbbb", "o"]);
        let fuzz = ["fuzz", "-i", "in", "-o", "out", "-E", "60", "--no-ui", "--"];
        let limit = ENOUGH * 20;
        let done = bench
            .tine()
            .args(fuzz)
            .arg("./target")
            .deadline(limit)
            .run();
        done.assert_code(0);
        let stats = Stats::read(&bench.path("out/default"));
        let run_limit = stats.number("exec_timeout");
        assert!(run_limit < 400.0, "{}: {run_limit} ms", compiler.name());
        std::fs::remove_dir_all(bench.path("out")).unwrap();
    }
}

#[test]
fn the_compare_log_holds_the_pass_that_counts() {
    let bench = in_process();
    for compiler in compilers() {
        let flags = ["-DSHARED", "--cmplog", "-O1"];
        let mut config = target(&bench, &compiler, CHANGES, &flags);
        config.compare_log = true;
        let mut server = ForkServer::start(config).expect("it starts");
        let mut log = || {
            assert_eq!(server.run(b"bug").expect("it runs"), Outcome::LoopDone);
            server.map().clear();
            let mut sites = Vec::new();
            let log = server.compare_log().expect("a log");
            log.take(|site| sites.push((site.number, site.header.hits)));
            sites
        };
        let fresh = log();
        assert!(!fresh.is_empty(), "{}", compiler.name());
        assert_eq!(fresh, log(), "{}", compiler.name());
    }
}
