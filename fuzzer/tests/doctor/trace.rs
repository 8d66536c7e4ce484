//! `tine trace`: what it sees of real exchanges, in order and with its meaning.

mod ends;
mod exchanges;
mod formats;

use std::path::Path;

use tine_trace::{Event, PipeName, Recording, Step};
use tine_workbench::{Finished, Workbench};

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
