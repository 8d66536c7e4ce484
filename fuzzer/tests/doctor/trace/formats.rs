//! The forms of a trace: text, diagram, page, and a report of any length.

use std::fs;

use super::{parse, recording, steps, trace, words};
use tine_trace::PipeName::Status;
use tine_trace::{Recording, Step, render};
use tine_workbench::{Compiler, Workbench};

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
