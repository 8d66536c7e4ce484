//! Exchanges that go well: who takes part, what crosses the pipes, and what it means.

use std::collections::BTreeMap;
use std::fs;

use super::{parse, recording, steps, words};
use tine_trace::PipeName::{Control, Status};
use tine_trace::{Role, Route, Step};
use tine_workbench::{Compiler, Workbench};

#[test]
fn a_fork_run_is_seen_from_the_first_segment_to_the_last_signal() {
    let bench = Workbench::new();
    let target = bench.target("ok", &Compiler::clang());
    let seen = recording(&bench, &[], &target.program(), b"1a");

    let roles = seen.actors.iter().map(|actor| actor.role);
    // Processes that the controller uses for itself have no part in it.
    let roles: Vec<_> = roles.filter(|role| *role != Role::Other).collect();
    assert_eq!(roles, [Role::Controller, Role::ForkServer, Role::Child]);
    let words = words(&seen);
    let map_size = words[3].2;
    assert_eq!(
        words,
        [
            (Status, "hello", 0x4146_4c01),
            (Control, "echo", 0xbeb9_b3fe),
            (Status, "options", 0x4000_0001),
            (Status, "map size", map_size),
            (Status, "done", 0x4146_4c01),
            (Control, "run request", 0),
            (Status, "wait status", 0),
        ]
    );
    // Everything that was made was attached and marked at once.
    for kind in ["created", "marked"] {
        let count = seen.events.iter().filter(|event| match &event.step {
            Step::SegmentCreated { .. } => kind == "created",
            Step::SegmentMarked { .. } => kind == "marked",
            _ => false,
        });
        assert_eq!(count.count(), 3, "{kind}");
    }
    let pipes = steps(&seen, |step| match step {
        Step::PipeCreated { pipe, .. } => *pipe,
        _ => None,
    });
    assert_eq!(pipes, [Control, Status]);
    let read = seen.events.iter().all(|event| {
        !matches!(&event.step, Step::Word { read_at_us, .. } if read_at_us.is_none_or(|at| at < event.at_us))
    });
    assert!(read, "each word was read, after it was written");
    let in_order = seen.events.is_sorted_by_key(|event| event.at_us);
    assert!(in_order, "the times grow");
    let inputs = steps(&seen, |step| match step {
        Step::Input { route, bytes } => Some((*route, *bytes)),
        _ => None,
    });
    assert_eq!(inputs, [(Route::Stdin, 2)]);
    assert!(seen.left.is_empty(), "{:?}", seen.left);
    assert!(
        seen.report[0].contains("exited with code 0"),
        "{:?}",
        seen.report
    );
}

/// How often the controller requests a run of the target for one input: a persistent
/// child takes its first one twice, and the second pass counts.
fn requests(name: &str) -> usize {
    if name == "persistent" { 2 } else { 1 }
}

#[test]
fn the_counters_are_those_that_showmap_writes() {
    for (name, input) in [("ok", "1a"), ("input_shm", "abc"), ("persistent", "abc")] {
        for compiler in [Compiler::clang(), Compiler::aflplusplus()] {
            let bench = Workbench::new();
            let target = bench.target(name, &compiler);
            let seen = recording(&bench, &[], &target.program(), input.as_bytes());
            let counted = steps(&seen, |step| match step {
                Step::Coverage { edges, first, .. } => Some((*edges, first.clone())),
                _ => None,
            });
            let done = bench.tine().args(["showmap", "-r", "-o", "-", "--"]);
            let done = done.arg(target.program()).stdin(input).run();
            let shown: BTreeMap<usize, u8> = done
                .stdout()
                .lines()
                .map(|line| line.split_once(':').expect("EDGE:COUNT"))
                .map(|(edge, count)| (edge.parse().unwrap(), count.parse().unwrap()))
                .collect();
            let what = format!("{name} by {}", compiler.name());
            assert_eq!(counted.len(), requests(name), "{what}");
            // AFL++'s runtime marks counter 0 in every run, which showmap leaves out.
            let (edges, first) = counted.last().unwrap();
            let own = compiler.name() != Compiler::aflplusplus().name();
            let marked = usize::from(!own && !shown.contains_key(&0) && first[0].0 == 0);
            assert_eq!(edges - marked, shown.len(), "{what}");
            for (edge, count) in first.iter().skip(marked) {
                assert_eq!(shown.get(edge), Some(count), "{what}, edge {edge}");
            }
        }
    }
}

#[test]
fn each_way_a_run_ends_is_decoded() {
    /// Target, options, input, wait status, part of the meaning.
    type Case = (
        &'static str,
        &'static [&'static str],
        &'static [u8],
        u32,
        &'static str,
    );
    const CASES: &[Case] = &[
        ("crash_segv", &[], b"!", 11, "ended by SIGSEGV"),
        ("crash_abort", &[], b"!", 6, "ended by SIGABRT"),
        ("exit_codes", &[], b"42", 42 << 8, "exited with code 42"),
        ("hang", &["-t", "100"], b"\xff", 9, "ended by SIGKILL"),
        ("persistent", &[], b"abc", 0x137f, "stopped by SIGSTOP"),
    ];
    for (name, options, input, status, meaning) in CASES {
        let bench = Workbench::new();
        let target = bench.target(name, &Compiler::clang());
        let seen = recording(&bench, options, &target.program(), input);
        let told = steps(&seen, |step| match step {
            Step::Word {
                word,
                value,
                meaning,
                ..
            } if word == "wait status" => Some((*value, meaning.clone())),
            _ => None,
        });
        assert_eq!(told.len(), requests(name), "{name}");
        for (value, said) in &told {
            assert_eq!(value & !0x80, *status, "{name}: {told:?}");
            assert!(said.contains(meaning), "{name}: {told:?}");
        }
        let limit_passed = steps(&seen, |step| match step {
            Step::LimitPassed { waited_us } => Some(*waited_us),
            _ => None,
        });
        if *name == "hang" {
            assert!(limit_passed[0] >= 100_000, "{limit_passed:?}");
        } else {
            assert!(limit_passed.is_empty(), "{name}: {limit_passed:?}");
        }
    }
}

#[test]
fn signals_name_their_sender() {
    let bench = Workbench::new();
    let target = bench.target("hang", &Compiler::clang());
    let seen = recording(&bench, &["-t", "100"], &target.program(), b"\xff");
    let sent: Vec<_> = seen
        .events
        .iter()
        .filter_map(|event| match &event.step {
            Step::SignalSent { name, .. } => {
                let to = event.to.map(|to| seen.actors[to].role);
                Some((seen.actors[event.actor].role, name.as_str(), to))
            }
            _ => None,
        })
        .collect();
    let kill = (Role::Controller, "SIGKILL", Some(Role::Child));
    let stop = (Role::Controller, "SIGSTOP", Some(Role::ForkServer));
    assert!(sent.contains(&kill) && sent.contains(&stop), "{sent:?}");

    let target = bench.target("crash_segv", &Compiler::clang());
    let seen = recording(&bench, &[], &target.program(), b"!");
    let got = steps(&seen, |step| match step {
        Step::SignalReceived { name, origin, .. } => Some((name.clone(), origin.clone())),
        _ => None,
    });
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(got[0].0, "SIGSEGV");
    assert!(got[0].1.contains("0x0"), "the address: {got:?}");
}

#[test]
fn a_persistent_child_is_stopped_and_continued() {
    let bench = Workbench::new();
    let target = bench.target("persistent", &Compiler::clang());
    let seen = recording(&bench, &["-n", "3"], &target.program(), b"abc");
    let children = seen.actors.iter().filter(|actor| actor.role == Role::Child);
    assert_eq!(children.count(), 1);
    let stops = steps(&seen, |step| {
        matches!(step, Step::Stopped { .. }).then_some(())
    });
    let goes_on = steps(&seen, |step| matches!(step, Step::Continued).then_some(()));
    assert!(
        stops.len() >= 4 && goes_on.len() == 3,
        "{stops:?} {goes_on:?}"
    );
    let phases: Vec<_> = seen
        .events
        .iter()
        .map(|event| event.phase.as_str())
        .collect();
    for phase in [
        "start",
        "handshake",
        "run 1",
        "run 2",
        "run 3",
        "run 4",
        "end",
    ] {
        assert!(phases.contains(&phase), "{phase}");
    }
}

#[test]
fn old_options_are_decoded() {
    let bench = Workbench::new();
    let target = bench.target("input_shm", &Compiler::aflplusplus());
    let seen = recording(&bench, &[], &target.program(), b"abc");
    let words = words(&seen);
    let (hello, pid) = (words[0].2, words[3].2);
    assert_eq!(hello & 0x8100_0001, 0x8100_0001, "{hello:#x}");
    assert_eq!(
        words,
        [
            (Status, "hello", hello),
            (Control, "reply", 0x8100_0001),
            (Control, "run request", 0),
            (Status, "pid", pid),
            (Status, "wait status", 3 << 8),
        ]
    );
    let child = seen.actors.iter().find(|actor| actor.role == Role::Child);
    assert_eq!(child.map(|child| child.pid.cast_unsigned()), Some(pid));
}

#[test]
fn another_controller_is_watched_as_well() {
    let bench = Workbench::new();
    let target = bench.target("ok", &Compiler::clang());
    bench.write("in/a", "1a");
    bench.write("in/b", "zz");
    let done = bench
        .tine()
        .args(["trace", "--format", "json", "--controller", "--"])
        .args(["afl-showmap", "-q", "-i", "in", "-o", "maps", "--"])
        .arg(target.program())
        .run();
    let seen = parse(&done.assert_code(0).stdout());
    let requests = words(&seen)
        .iter()
        .filter(|(pipe, word, _)| (*pipe, *word) == (Control, "run request"))
        .count();
    assert!(requests >= 2, "{requests}");
    assert_eq!(
        fs::read_dir(bench.path("maps")).map(Iterator::count).ok(),
        Some(2)
    );
    assert!(seen.left.is_empty(), "{:?}", seen.left);
}
