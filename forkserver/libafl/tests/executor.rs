//! The executor on real targets: what LibAFL is told of a run, and what it survives.

mod support;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use libafl::executors::{Executor, ExitKind, HasObservers, SetTimeout};
use libafl::fuzzer::NopFuzzer;
use libafl::inputs::BytesInput;
use libafl::observers::{CanTrack, MapObserver, ObserversTuple, TimeObserver};
use libafl::state::{HasExecutions, NopState};
use libafl_bolts::tuples::{Handled, MatchName, tuple_list};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tine_libafl::{
    CoverageObserver, Dialect, ForkServerBuilder, Launch, Outcome, SetUpError, StartError,
    TargetConfig, TineExecutor,
};

type State = NopState<BytesInput>;

/// A run as a stage of LibAFL's does it: the observers before and after.
fn run<OT, C>(executor: &mut TineExecutor<OT, C>, state: &mut State, input: &[u8]) -> ExitKind
where
    OT: MatchName + ObserversTuple<BytesInput, State>,
    C: AsMut<CoverageObserver>,
{
    let input = BytesInput::new(input.to_vec());
    let observers = &mut *executor.observers_mut();
    observers
        .pre_exec_all(state, &input)
        .expect("observers before");
    let kind = executor
        .run_target(&mut NopFuzzer::new(), state, &mut (), &input)
        .expect("a run");
    let observers = &mut *executor.observers_mut();
    observers
        .post_exec_all(state, &input, &kind)
        .expect("observers after");
    kind
}

#[test]
fn runs_end_as_they_do_and_the_edges_of_a_crash_are_exact() {
    let folder = support::folder();
    let target = support::program(
        &folder,
        "ends",
        &[],
        r#"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static volatile int sum;
static __attribute__((noinline)) void step(int i) {
    if (i % 2) sum += 3;
    else sum -= 5;
}
static __attribute__((noinline)) void six(void) {
    for (int i = 0; i < 6; i++) step(i);
}
int main(void) {
    switch (getchar()) {
    case 'a': six(); abort();
    case 'x': six(); exit(7);
    case 'h': for (;;) pause();
    default: return 0;
    }
}
"#,
    );
    let edges = CoverageObserver::raw("edges").track_indices();
    let handle = edges.handle();
    let mut executor = TineExecutor::builder(&target)
        .timeout(Duration::from_millis(200))
        .crash_exit_code(7)
        .coverage(&edges)
        .start(tuple_list!(TimeObserver::new("time"), edges))
        .expect("a fork server");
    let mut state = State::new();
    let mut seen = Vec::new();
    for _ in 0..2 {
        for (input, kind) in [
            ("-", ExitKind::Ok),
            ("a", ExitKind::Crash),
            ("x", ExitKind::Crash),
            ("h", ExitKind::Timeout),
        ] {
            assert_eq!(
                run(&mut executor, &mut state, input.as_bytes()),
                kind,
                "{input}"
            );
            let map = executor.observers()[&handle].as_ref().to_vec();
            seen.push(map);
        }
    }
    assert_eq!(*state.executions(), 8);
    let (first, second) = seen.split_at(4);
    assert_eq!(first, second, "each run of an input counts the same");
    let total = |map: &[u8]| map.iter().map(|count| u32::from(*count)).sum::<u32>();
    // Both take six steps; they differ in how they end.
    assert!(total(&first[1]) >= total(&first[0]) + 6, "{first:?}");
    assert_eq!(total(&first[1]), total(&first[2]), "{first:?}");
    assert_eq!(executor.server().restarts(), 0);

    executor.set_timeout(Duration::from_secs(5));
    run(&mut executor, &mut state, b"a");
    let outcome = executor.last_outcome().expect("an outcome");
    assert!(
        matches!(outcome, Outcome::Signaled { signal: 6, .. }),
        "{outcome}"
    );
    // Of more than a mebibyte the target gets the beginning.
    let long = vec![b'x'; (1 << 20) + 1];
    assert_eq!(run(&mut executor, &mut state, &long), ExitKind::Crash);
    assert_eq!(executor.last_outcome(), Some(Outcome::CrashExit(7)));
}

#[test]
fn a_killed_fork_server_is_started_again() {
    let folder = support::folder();
    let target = support::sample(&folder, "maze");
    let edges = CoverageObserver::new("edges");
    let handle = edges.handle();
    let mut executor = TineExecutor::builder(&target)
        .coverage(&edges)
        .start(tuple_list!(edges))
        .expect("a fork server");
    let info = executor.server().info();
    assert_eq!(info.dialect, Dialect::V1);
    assert!(info.persistent, "{info:?}");
    let mut state = State::new();
    let mut seen = Vec::new();
    for number in 0..3 {
        assert_eq!(run(&mut executor, &mut state, b"rdr"), ExitKind::Ok);
        seen.push(executor.observers()[&handle].to_vec());
        assert_eq!(executor.server().restarts(), number);
        let server = executor.server().server_pid().expect("a process");
        kill(Pid::from_raw(server.get()), Signal::SIGKILL).expect("to kill the fork server");
    }
    assert!(seen[0].iter().any(|count| *count > 0));
    assert!(seen.iter().all(|map| *map == seen[0]), "{seen:?}");
    let maze = MapObserver::count_bytes(&executor.observers()[&handle]);
    assert_eq!(run(&mut executor, &mut state, b"rdrddll"), ExitKind::Crash);
    assert!(MapObserver::count_bytes(&executor.observers()[&handle]) > maze);
    assert_eq!(executor.lost_inputs(), 0);
}

#[test]
fn an_input_that_kills_the_fork_server_is_skipped_and_ten_in_a_row_are_an_error() {
    let folder = support::folder();
    let target = support::program(
        &folder,
        "kills",
        &[],
        r#"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    if (getchar() == 'k') { kill(getppid(), SIGKILL); pause(); }
    return 0;
}
"#,
    );
    let edges = CoverageObserver::new("edges");
    let handle = edges.handle();
    let mut executor = TineExecutor::builder(&target)
        .lost_inputs(1)
        .coverage(&edges)
        .start(tuple_list!(edges))
        .expect("a fork server");
    let mut state = State::new();
    for lost in 1..=2 {
        assert_eq!(run(&mut executor, &mut state, b"k"), ExitKind::Ok);
        assert_eq!(executor.lost_inputs(), lost);
        assert_eq!(executor.last_outcome(), None);
        assert!(
            executor.observers()[&handle]
                .iter()
                .all(|count| *count == 0)
        );
        assert_eq!(run(&mut executor, &mut state, b"-"), ExitKind::Ok);
        assert_eq!(executor.last_outcome(), Some(Outcome::Exited(0)));
        assert!(executor.observers()[&handle].iter().any(|count| *count > 0));
    }
    assert_eq!(run(&mut executor, &mut state, b"k"), ExitKind::Ok);
    let input = BytesInput::new(b"k".to_vec());
    let error = executor
        .run_target(&mut NopFuzzer::new(), &mut state, &mut (), &input)
        .expect_err("the second in a row");
    assert!(
        error.to_string().contains("lost 3 times in a row"),
        "{error}"
    );
}

#[test]
fn a_target_that_does_not_answer_is_an_error_in_time() {
    let folder = support::folder();
    let target = support::program(
        &folder,
        "sleeps",
        &[],
        r#"
#include <unistd.h>
__attribute__((constructor)) static void before(void) { sleep(60); }
int main(void) { return 0; }
"#,
    );
    let began = Instant::now();
    let edges = CoverageObserver::new("edges");
    let error = TineExecutor::builder(&target)
        .startup_timeout(Duration::from_millis(300))
        .coverage(&edges)
        .start(tuple_list!(edges))
        .expect_err("a target that sleeps");
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    assert!(matches!(error, SetUpError::Start(_)), "{error:?}");
    // LibAFL's error says the same.
    let text = error.to_string();
    assert!(
        libafl::Error::from(error).to_string().contains(&text),
        "{text}"
    );

    let edges = CoverageObserver::new("edges");
    let error = TineExecutor::builder("/nowhere/to/be/found")
        .coverage(&edges)
        .start(tuple_list!(edges))
        .expect_err("no file");
    assert!(
        matches!(error, SetUpError::Start(StartError::Unreadable { .. })),
        "{error:?}"
    );
}

#[test]
fn an_observer_that_is_not_there_is_named() {
    let edges = CoverageObserver::new("the edges");
    let error = TineExecutor::builder("/bin/true")
        .coverage(&edges)
        .start(tuple_list!(CoverageObserver::new("others")))
        .expect_err("another name");
    assert!(matches!(&error, SetUpError::MissingObserver { name } if name == "the edges"));
    // The same name with another type is another observer.
    let error = TineExecutor::builder("/bin/true")
        .coverage(&edges)
        .start(tuple_list!(
            CoverageObserver::new("the edges").track_indices()
        ))
        .expect_err("another type");
    assert!(error.to_string().contains("the edges"), "{error}");
    // A program that is executed for each run has no map.
    let mut config = TargetConfig::new("/bin/true");
    config.launch = Launch::Exec;
    let error = ForkServerBuilder::new(config)
        .coverage(&edges)
        .start(tuple_list!(edges))
        .expect_err("no map");
    assert!(matches!(&error, SetUpError::NoCoverage { name } if name == "the edges"));
}

#[test]
fn two_executors_drive_two_targets_at_once() {
    let folder = support::folder();
    let target = support::sample(&folder, "maze");
    let threads = [b"rd".as_slice(), b"rdrddll"].map(|input| {
        let target = target.clone();
        thread::spawn(move || {
            let edges = CoverageObserver::new("edges");
            let mut executor = TineExecutor::builder(&target)
                .coverage(&edges)
                .start(tuple_list!(edges))
                .expect("a fork server");
            let mut state = State::new();
            for _ in 0..50 {
                let kind = run(&mut executor, &mut state, input);
                assert_eq!(kind == ExitKind::Crash, input.len() == 7);
            }
        })
    });
    for thread in threads {
        thread.join().expect("its runs");
    }
}

#[test]
fn a_target_of_aflplusplus_is_driven_without_a_setting() {
    let folder = support::folder();
    let source = folder.path().join("afl.c");
    std::fs::write(
        &source,
        r#"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__AFL_FUZZ_INIT();
int main(void) {
    __AFL_INIT();
    unsigned char *input = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(100)) {
        int length = __AFL_FUZZ_TESTCASE_LEN;
        if (length > 0 && input[0] == 'a') abort();
    }
    return 0;
}
"#,
    )
    .expect("a source");
    let target = folder.path().join("afl");
    let built = Command::new("afl-clang-fast")
        .env("AFL_QUIET", "1")
        .arg("-o")
        .args([&target, &source])
        .status()
        .expect("afl-clang-fast, which `cargo xtask setup` installs");
    assert!(built.success(), "afl-clang-fast failed: {built}");

    let edges = CoverageObserver::new("edges");
    let handle = edges.handle();
    let mut executor = TineExecutor::builder(&target)
        .coverage(&edges)
        .start(tuple_list!(edges))
        .expect("a fork server");
    assert_ne!(
        executor.server().info().dialect,
        Dialect::V1,
        "4.04c is older"
    );
    let mut state = State::new();
    for _ in 0..3 {
        assert_eq!(run(&mut executor, &mut state, b"-"), ExitKind::Ok);
        assert!(executor.observers()[&handle].count_bytes() > 0);
        assert_eq!(run(&mut executor, &mut state, b"a"), ExitKind::Crash);
    }
    assert_eq!(executor.server().restarts(), 0);
}
