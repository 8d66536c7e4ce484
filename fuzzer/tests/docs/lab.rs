//! The checks of the lab (docs/lab.md). They look at a fork server, or a controller,
//! from outside, through `tine trace`.
//!
//! `cargo xtask lab server PROGRAM` and `cargo xtask lab controller PROGRAM` run them on
//! a program of yours; without one they run on the solutions in `targets/lab`.

use std::{collections::BTreeSet, env, path::PathBuf, time::Duration};

use tine_trace::{PipeName, Recording, Role, Step};
use tine_workbench::{Workbench, targets_folder};

/// The fork servers to look at: the reader's, or the solutions.
fn servers(bench: &Workbench) -> Vec<PathBuf> {
    match env::var_os("TINE_LAB_SERVER") {
        Some(program) => vec![program.into()],
        None => ["server", "server_v1"]
            .map(|name| solution(bench, name, &[]))
            .into(),
    }
}

/// The controller to look at.
fn controller(bench: &Workbench) -> PathBuf {
    match env::var_os("TINE_LAB_CONTROLLER") {
        Some(program) => program.into(),
        None => solution(bench, "controller", &[]),
    }
}

fn solution(bench: &Workbench, name: &str, flags: &[&str]) -> PathBuf {
    let program = bench.path(format!("{name}{}", flags.concat()));
    let source = targets_folder().join("lab").join(format!("{name}.c"));
    let cc = bench
        .program("gcc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
    let cc = cc.arg(&program).args(flags).arg(source);
    cc.run().assert_code(0);
    program
}

/// `runs` runs of a fork server with `input`, as tine's controller drives it.
fn drive(bench: &Workbench, server: &PathBuf, runs: u32, input: &str) -> Recording {
    let tine = bench
        .tine()
        .args(["trace", "--format", "json", "-t", "300"]);
    let tine = tine.args(["-n", &runs.to_string(), "--"]).arg(server);
    let done = tine.stdin(input).run();
    parse(&done.stdout())
}

fn parse(json: &str) -> Recording {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

/// How often a word of this name crossed a pipe, and the last one's number.
fn word(seen: &Recording, name: &str) -> (usize, Option<u32>) {
    let mut words = seen.events.iter().filter_map(|event| match &event.step {
        Step::Word {
            word,
            value,
            wrong: false,
            ..
        } if word == name => Some(*value),
        _ => None,
    });
    (words.clone().count(), words.next_back())
}

fn steps<T>(seen: &Recording, pick: impl Fn(&Step) -> Option<T>) -> Vec<T> {
    seen.events
        .iter()
        .filter_map(|event| pick(&event.step))
        .collect()
}

/// Which counters were not zero after each run.
fn coverage(seen: &Recording) -> Vec<BTreeSet<usize>> {
    steps(seen, |step| match step {
        Step::Coverage { first, .. } => Some(first.iter().map(|(edge, _)| *edge).collect()),
        _ => None,
    })
}

#[test]
fn server_runs_as_usual_where_there_is_no_fuzzer() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let done = bench.program(&server).stdin("7").run();
        done.assert_code(7);
    }
}

#[test]
fn server_says_hello_first() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let seen = drive(&bench, &server, 1, "x");
        let first = steps(&seen, |step| match step {
            Step::Word { pipe, word, .. } => Some((*pipe, word.clone())),
            _ => None,
        });
        assert_eq!(first.first(), Some(&(PipeName::Status, "hello".into())));
    }
}

#[test]
fn server_answers_a_request_with_a_pid_and_a_wait_status() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let seen = drive(&bench, &server, 1, "7");
        let children: Vec<_> = seen
            .actors
            .iter()
            .filter(|actor| actor.role == Role::Child)
            .collect();
        assert_eq!(children.len(), 1, "one child a request");
        assert_eq!(word(&seen, "pid").1, Some(children[0].pid.cast_unsigned()));
        assert_eq!(word(&seen, "wait status"), (1, Some(7 << 8)));
    }
}

#[test]
fn server_reports_a_crash_by_its_signal() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let seen = drive(&bench, &server, 2, "!");
        let (count, status) = word(&seen, "wait status");
        assert_eq!((count, status.map(|status| status & 0x7f)), (2, Some(6)));
    }
}

#[test]
fn server_outlives_a_child_that_is_killed() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let seen = drive(&bench, &server, 3, "h");
        assert_eq!(word(&seen, "wait status"), (3, Some(9)));
        assert_eq!(
            word(&seen, "run request"),
            (3, Some(1)),
            "was_killed is said"
        );
        let servers = seen
            .actors
            .iter()
            .filter(|actor| actor.role == Role::ForkServer);
        assert_eq!(servers.count(), 1, "it was never started again");
    }
}

#[test]
fn server_serves_a_hundred_runs_each_by_a_child_of_its_own() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let seen = drive(&bench, &server, 100, "x");
        let pids: BTreeSet<_> = seen
            .actors
            .iter()
            .filter(|actor| actor.role == Role::Child)
            .map(|actor| actor.pid)
            .collect();
        assert_eq!(
            (pids.len(), word(&seen, "wait status")),
            (100, (100, Some(0)))
        );
        let ends = seen
            .actors
            .iter()
            .filter(|actor| actor.role == Role::Child)
            .count();
        assert_eq!(ends, 100);
        assert!(seen.left.is_empty(), "{:?}", seen.left);
    }
}

#[test]
fn server_closes_the_pipes_in_each_child() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let seen = drive(&bench, &server, 2, "x");
        let mut closed = BTreeSet::new();
        for event in &seen.events {
            if let Step::Closed { first, last } = event.step {
                closed.extend((first..=last).map(|fd| (event.actor, fd)));
            }
        }
        let children = seen
            .actors
            .iter()
            .filter(|actor| actor.role == Role::Child)
            .count();
        assert_eq!(
            closed.len(),
            2 * children,
            "198 and 199, in each child: {closed:?}"
        );
    }
}

#[test]
fn server_counts_in_the_segment() {
    let bench = Workbench::new();
    for server in servers(&bench) {
        let [plain, digit] = ["x", "7"].map(|input| coverage(&drive(&bench, &server, 2, input)));
        assert!(
            !plain[0].is_empty(),
            "an input leaves counters that are not zero"
        );
        assert_eq!(plain[0], plain[1], "the same input leaves the same ones");
        assert_ne!(
            plain[0], digit[0],
            "another way through the program, other counters"
        );
    }
}

#[test]
fn server_ends_with_its_controller() {
    let bench = Workbench::new();
    let controller = solution(&bench, "controller", &[]);
    for server in servers(&bench) {
        // Killed in the middle of a run that never ends.
        let running = bench.program(&controller).arg(&server).stdin("h").start();
        let begun =
            tine_workbench::wait_until(Duration::from_secs(20), || bench.leftovers().len() >= 3);
        assert!(begun, "{:?}", bench.leftovers());
        running.signal(nix::sys::signal::Signal::SIGKILL);
        let _ = running.wait();
        let gone =
            tine_workbench::wait_until(Duration::from_secs(5), || bench.leftovers().is_empty());
        assert!(gone, "{:?}", bench.leftovers());
    }
}

/// One run of both solution servers by the controller, watched.
fn watch(bench: &Workbench, input: &str) -> Vec<(Recording, String)> {
    let controller = controller(bench);
    ["server", "server_v1"]
        .map(|server| {
            let server = solution(bench, server, &[]);
            let trace = bench
                .tine()
                .args(["trace", "--format", "json", "--controller", "--"]);
            let trace = trace.arg(&controller).arg(server).stdin(input);
            let done = trace.deadline(Duration::from_secs(40)).run();
            (parse(&done.stdout()), done.stderr())
        })
        .into()
}

#[test]
fn controller_puts_the_pipes_where_they_belong() {
    let bench = Workbench::new();
    for (seen, _) in watch(&bench, "x") {
        let placed: BTreeSet<_> = steps(&seen, |step| match step {
            Step::Placed { fd } => Some(*fd),
            _ => None,
        })
        .into_iter()
        .collect();
        assert_eq!(placed, BTreeSet::from([198, 199]));
    }
}

#[test]
fn controller_hands_over_a_segment_and_leaves_none_behind() {
    let bench = Workbench::new();
    for (seen, _) in watch(&bench, "x") {
        let named = steps(&seen, |step| match step {
            Step::Executed { variables, .. } => {
                Some(variables.iter().any(|(name, _)| name == "__AFL_SHM_ID"))
            }
            _ => None,
        });
        assert_eq!(named, [true], "the environment names it");
        assert!(seen.left.is_empty(), "{:?}", seen.left);
    }
}

#[test]
fn controller_answers_the_hello_in_its_dialect() {
    let bench = Workbench::new();
    let seen = watch(&bench, "x");
    assert_eq!(
        word(&seen[0].0, "echo").0,
        0,
        "classic: nothing follows the hello"
    );
    assert_eq!(word(&seen[1].0, "echo"), (1, Some(0xbeb9_b3fe)), "v1");
    assert_eq!(word(&seen[1].0, "done").0, 1);
}

#[test]
fn controller_tells_how_the_run_ended() {
    let bench = Workbench::new();
    for (input, says) in [("7", "exit 7"), ("!", "signal 6"), ("h", "over its limit")] {
        for (seen, said) in watch(&bench, input) {
            assert_eq!(word(&seen, "run request"), (1, Some(0)));
            assert!(said.contains(says), "{input}: {says:?} is not in {said:?}");
            assert!(seen.left.is_empty(), "{:?}", seen.left);
        }
    }
}

#[test]
fn controller_kills_a_run_over_its_limit() {
    let bench = Workbench::new();
    for (seen, _) in watch(&bench, "h") {
        let killed = seen.events.iter().any(|event| {
            matches!(event.step, Step::SignalSent { signal: 9, .. })
                && event
                    .to
                    .is_some_and(|to| seen.actors[to].role == Role::Child)
        });
        assert!(killed, "the child got SIGKILL");
        assert_eq!(
            word(&seen, "wait status"),
            (1, Some(9)),
            "its status is read all the same"
        );
    }
}

#[test]
fn broken_handshakes_are_found_in_the_trace() {
    /// The way to break it, what the trace shows, what tine says.
    const WAYS: [(u32, &str, &str); 5] = [
        (1, "exited with code 0", "waiting for its hello"),
        (
            2,
            "61 62: only a part of a word so far",
            "did not answer within",
        ),
        (3, "exited with code 5", "no run: "),
        (
            4,
            "pid, no process has this number",
            "0x00000000 where a pid belongs",
        ),
        (5, "time is up", "ran over its time limit"),
    ];
    let bench = Workbench::new();
    for (way, shows, says) in WAYS {
        let server = solution(&bench, "server", &[&format!("-DBROKEN={way}")]);
        let tine = bench.tine().env("AFL_FORKSRV_INIT_TMOUT", "500");
        let tine = tine.args(["trace", "-t", "200", "--"]).arg(server);
        let text = tine.stdin("x").run().stdout();
        assert!(text.contains(shows), "{way}: {shows:?} is not in\n{text}");
        assert!(text.contains(says), "{way}: {says:?} is not in\n{text}");
    }
}
