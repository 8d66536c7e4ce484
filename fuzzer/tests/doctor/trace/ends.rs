//! Exchanges that do not come to their end, what is left of them, and wrong words.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{parse, steps, trace, words};
use nix::sys::signal::Signal;
use tine_trace::Step;
use tine_workbench::{Compiler, Workbench, wait_until};

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
