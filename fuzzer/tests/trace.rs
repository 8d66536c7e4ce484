//! `tine trace`: what it sees of real exchanges, in order and with its meaning.

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::Signal;
use support::{Compiler, Finished, Workbench, wait_until};
use tine_trace::{Event, PipeName, Recording, Role, Route, Step, render};

/// A fork server that speaks as its arguments say: bytes for descriptor 199 in
/// hexadecimal, `r` to read a word from 198, `x` to end, `s` to be slow for ever.
const SCRIPTED: &str = r#"
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
const char *mark = "__AFL_SHM_ID";
int main(int argc, char **argv) {
    unsigned char word[4];
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "r")) { if (read(198, word, 4) != 4) return 9; continue; }
        if (!strcmp(argv[i], "s")) for (;;) sleep(1);
        if (!strcmp(argv[i], "x")) return 3;
        unsigned char bytes[64]; int n = 0;
        for (const char *at = argv[i]; at[0] && at[1]; at += 2, n++) {
            unsigned value; sscanf(at, "%2x", &value); bytes[n] = value;
        }
        if (write(199, bytes, n) != n) return 8;
    }
    return getenv(mark) == NULL;
}
"#;

fn compiled(bench: &Workbench, name: &str, source: &str) -> PathBuf {
    let program = bench.path(name);
    let source = bench.write(format!("{name}.c"), source);
    let cc = bench.program("gcc").args(["-w", "-o"]).arg(&program);
    cc.arg(source).run().assert_code(0);
    program
}

fn trace(bench: &Workbench, options: &[&str], program: &Path, input: &[u8]) -> Finished {
    let tine = bench.tine().arg("trace").args(options).arg("--");
    tine.arg(program).stdin(input).run()
}

/// A trace as JSON, read back.
fn recording(bench: &Workbench, options: &[&str], program: &Path, input: &[u8]) -> Recording {
    let options = [options, &["--format", "json"]].concat();
    let done = trace(bench, &options, program, input);
    parse(&done.assert_code(0).stdout())
}

fn parse(json: &str) -> Recording {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

/// The words that crossed the pipes: pipe, what it is, the number.
fn words(recording: &Recording) -> Vec<(PipeName, &str, u32)> {
    let word = |event: &'_ Event| match &event.step {
        Step::Word {
            pipe, word, value, ..
        } => Some((*pipe, word.clone(), *value)),
        _ => None,
    };
    let owned = recording.events.iter().filter_map(word);
    owned
        .map(|(pipe, word, value)| (pipe, &*word.leak(), value))
        .collect()
}

fn steps<T>(recording: &Recording, pick: impl Fn(&Step) -> Option<T>) -> Vec<T> {
    let steps = recording.events.iter().map(|event| &event.step);
    steps.filter_map(pick).collect()
}

use PipeName::{Control, Status};

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

#[test]
fn a_handshake_that_fails_is_shown_up_to_where_it_stops() {
    /// What the fork server does, whether the last word is marked wrong, words seen,
    /// what the trace and the report say.
    type Case = (&'static str, bool, &'static [&'static str], &'static str);
    const CASES: &[Case] = &[
        ("x", false, &[], "exited with code 3"),
        ("s", false, &[], "did not answer within"),
        ("014c", false, &[], "only a part of a word"),
        ("0700feef", true, &["error"], "error"),
        (
            "014c4641 r x",
            false,
            &["hello", "echo"],
            "exited with code 3",
        ),
        (
            "014c4641 r 02000000",
            true,
            &["hello", "echo", "options"],
            "lack the map size",
        ),
        (
            "014c4641 r 01000000 000000ff",
            true,
            &["hello", "echo", "options", "map size"],
            "4278190080",
        ),
        (
            "014c4641 r 01000000 40000000 2a000000 s",
            true,
            &["hello", "echo", "options", "map size", "done"],
            "0x0000002a",
        ),
        ("094c4641", true, &["hello"], "version 9"),
    ];
    let bench = Workbench::new();
    let program = compiled(&bench, "scripted", SCRIPTED);
    for (script, wrong, expected, says) in CASES {
        let script: Vec<&str> = script.split(' ').collect();
        let tine = bench.tine().env("AFL_FORKSRV_INIT_TMOUT", "700");
        let done = tine
            .args(["trace", "--format", "json", "--"])
            .arg(&program)
            .args(&script)
            .run();
        let what = script.join(" ");
        done.assert_code(1);
        let seen = parse(&done.stdout());
        let names: Vec<_> = words(&seen).iter().map(|(_, word, _)| *word).collect();
        assert_eq!(names, *expected, "{what}");
        let marked = steps(&seen, |step| match step {
            Step::Word { wrong: true, .. } => Some(()),
            _ => None,
        });
        assert_eq!(!marked.is_empty(), *wrong, "{what}: {:?}", seen.events);
        let text = seen
            .events
            .iter()
            .map(|event| event.text.clone())
            .chain(seen.report.iter().cloned())
            .collect::<Vec<_>>()
            .join("\n");
        assert!(text.contains(says), "{what}: {says:?} is not in\n{text}");
        assert!(
            seen.report[0].starts_with("no run: "),
            "{what}: {:?}",
            seen.report
        );
        assert!(seen.left.is_empty(), "{what}: {:?}", seen.left);
    }
}

#[test]
fn a_program_that_is_not_instrumented_is_seen_to_say_nothing() {
    let bench = Workbench::new();
    let done = trace(&bench, &[], Path::new("/bin/true"), b"");
    done.assert_code(1);
    let text = done.stdout();
    assert!(text.contains("executes /"), "{text}");
    assert!(text.contains("exited with code 0"), "{text}");
    assert!(!text.contains("writes"), "{text}");
}

#[test]
fn what_outlives_the_controller_is_named_and_killed() {
    let bench = Workbench::new();
    // A controller that leaves a process behind; the pipe says when that is there.
    let script = "{ setsid sh -c 'echo there; exec sleep 1000' & } | read there";
    let done = bench
        .tine()
        .args(["trace", "--format", "json", "--controller", "--"])
        .args(["bash", "-c", script])
        .run();
    let seen = parse(&done.stdout());
    assert_eq!(seen.left.len(), 1, "{:?}", seen.left);
    assert!(wait_until(Duration::from_secs(5), || bench
        .leftovers()
        .is_empty()));
}

#[test]
fn a_signal_ends_the_trace_and_everything_with_it() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let bench = Workbench::new();
        let target = bench.target("hang", &Compiler::clang());
        let tine = bench.tine().args(["trace", "-t", "none", "--"]);
        let running = tine.arg(target.program()).stdin(b"\xff").start();
        // The child carries the test's marker as well.
        let begun = wait_until(Duration::from_secs(30), || bench.leftovers().len() >= 4);
        assert!(begun, "{:?}", bench.leftovers());
        running.signal(signal);
        let done = running.wait();
        done.assert_code(1);
        assert!(
            done.stdout().contains("interrupted by a signal"),
            "{}",
            done.stdout()
        );
        // The workbench looks for what is left, temporary files among them.
    }
}

#[test]
fn the_text_shows_each_step_on_a_line_with_its_time() {
    let bench = Workbench::new();
    let target = bench.target("ok", &Compiler::clang());
    let done = trace(&bench, &[], &target.program(), b"1a");
    let text = done.assert_code(0).stdout();
    for part in [
        "-- handshake\n",
        "-- run 1\n",
        "writes 01 4c 46 41 to the status pipe: hello",
        "writes fe b3 b9 be to the control pipe: echo",
        "run 1: the target exited with code 0",
        "nothing is left: no process, no segment",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn the_diagram_is_the_same_each_time() {
    for (name, options, input) in [
        ("ok", &[][..], &b"1a"[..]),
        ("persistent", &["-n", "2"], b"abc"),
        ("hang", &["-t", "500"], b"\xff"),
    ] {
        let bench = Workbench::new();
        let target = bench.target(name, &Compiler::clang());
        let options = [options, &["--format", "mermaid"]].concat();
        let draw = || trace(&bench, &options, &target.program(), input).stdout();
        let first = draw();
        assert!(first.starts_with("sequenceDiagram\n"), "{first}");
        for _ in 0..4 {
            assert_eq!(draw(), first, "{name}");
        }
    }
}

#[test]
fn the_page_holds_the_recording_and_needs_nothing_else() {
    let bench = Workbench::new();
    let target = bench.target("ok", &Compiler::clang());
    let page = bench.path("page.html");
    let options = [
        "--format",
        "html",
        "-o",
        page.to_str().expect("a path in UTF-8"),
    ];
    let done = trace(&bench, &options, &target.program(), b"1a");
    done.assert_code(0).assert_stderr("nothing is left");
    let page = fs::read_to_string(page).expect("the page");
    let (_, rest) = page
        .split_once("const recording = ")
        .expect("the recording");
    let (json, _) = rest.split_once(";\n").expect("its end");
    let seen = parse(json);
    assert_eq!(words(&seen)[0], (Status, "hello", 0x4146_4c01));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        // The name of SVG's namespace is not fetched.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        let page = page.replace("url(#tip-", "");
        assert!(!page.contains(outside), "{outside}");
    }
    // A target's name cannot end the script.
    let seen = Recording {
        command: vec!["</script><b>".into()],
        ..seen
    };
    assert!(!render::html(&seen).contains("</script><b>"));
}

#[test]
fn wrong_input_gets_a_sentence() {
    let bench = Workbench::new();
    let target = bench.target("ok", &Compiler::clang());
    let program = target.program();
    let program = program.to_str().expect("a path in UTF-8");
    let plain = bench.write("plain", "no program");
    let plain = plain.to_str().expect("a path in UTF-8");
    let long = bench.write("long", vec![0; (1 << 20) + 1]);
    let long = long.to_str().expect("a path in UTF-8");
    for (arguments, says) in [
        (&["--", "./missing"][..], "there is no ./missing"),
        (&["--", plain], "is not executable"),
        (&["-i", "missing", "--", program], "cannot read missing"),
        (&["-i", ".", "--", program], "cannot read ."),
        (&["-i", long, "--", program], "longer than 1048576 bytes"),
        (
            &["-o", "no/such/folder", "--", program],
            "cannot write no/such/folder",
        ),
        (&["--format", "pdf", "--", program], "invalid value 'pdf'"),
        (&["-n", "x", "--", program], "invalid value 'x'"),
        (
            &["--controller", "-n", "2", "--", program],
            "cannot be used with",
        ),
        (&[], "required"),
    ] {
        let done = bench.tine().arg("trace").args(arguments).run();
        done.assert_code(1).assert_stderr(says);
        assert_eq!(
            done.stderr().trim_end().lines().count(),
            1,
            "{}",
            done.stderr()
        );
    }
    let done = bench
        .tine()
        .args(["trace", "--controller", "--", "no-such-controller"])
        .run();
    done.assert_code(1);
    assert!(
        done.stdout().contains("cannot execute no-such-controller"),
        "{}",
        done.stdout()
    );
}

#[test]
fn any_number_of_runs_is_reported() {
    let bench = Workbench::new();
    let program = bench.compile("quick", &[], "int main(void) { return 3; }\n");
    // A pipe would take the sentences of some 1,100 runs.
    let recording = recording(&bench, &["-n", "1500"], &program, b"");
    assert_eq!(recording.report.len(), 1500);
    let last = &recording.report[1499];
    assert!(
        last.starts_with("run 1500: the target exited with code 3"),
        "{last}"
    );
    // Nothing is written for a run without input: the report does not count.
    let inputs = steps(&recording, |step| match step {
        Step::Input { bytes, .. } => Some(*bytes),
        _ => None,
    });
    assert!(inputs.is_empty(), "{inputs:?}");
}
