//! The tables of `docs/protocol/faults.md`, from `targets/faults/faults.toml`.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::paths;

const DATA: &str = "targets/faults/faults.toml";

/// The data, as far as the tables show it. Its heading says what the fields mean.
#[derive(Deserialize)]
struct File {
    fault: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    name: String,
    does: String,
    source: Option<String>,
    group: String,
    start: Option<String>,
    #[serde(default)]
    runs: Vec<Run>,
    within: u64,
    command: Option<toml::Value>,
    #[serde(default)]
    says: String,
    inside: Option<String>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct Run {
    outcome: String,
    #[serde(default)]
    restarts: u64,
    loss: Option<String>,
}

/// Faults by which a target does not start.
pub fn start() -> Result<String> {
    table("start")
}

/// Faults of single runs.
pub fn run() -> Result<String> {
    table("run")
}

/// Faults of the fork server.
pub fn server() -> Result<String> {
    table("server")
}

/// What the machine does not have.
pub fn machine() -> Result<String> {
    table("machine")
}

fn table(group: &str) -> Result<String> {
    let path = paths::root().join(DATA);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {DATA}"))?;
    let data: File = toml::from_str(&text).with_context(|| DATA.to_owned())?;
    let faults: Vec<&Fault> = data.fault.iter().filter(|it| it.group == group).collect();
    anyhow::ensure!(
        !faults.is_empty(),
        "{DATA} has no fault of the group {group}"
    );
    let mut text = String::from(
        "| what happens | what comes of it | within | a part of the message |\n|---|---|---|---|\n",
    );
    for fault in faults {
        text.push_str(&row(fault));
    }
    Ok(text)
}

fn row(fault: &Fault) -> String {
    let own = format!("{}.c", fault.name);
    let source = match fault.source.as_ref().unwrap_or(&own) {
        source if source.starts_with("../") => format!("targets/{}", &source[3..]),
        source => format!("targets/faults/{source}"),
    };
    let mut comes = outcome(fault);
    if let Some(comment) = &fault.comment {
        // Writing to a string cannot fail.
        let _ = write!(comes, ": {comment}");
    }
    let says = if fault.says.is_empty() {
        String::new()
    } else {
        format!("“{}”", cell(&fault.says))
    };
    format!(
        "| [{}](../../{source}) | {} | {} s | {says} |\n",
        cell(&fault.does),
        cell(&comes),
        fault.within,
    )
}

/// Words of the program would be Markdown in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace("__", "\\_\\_")
}

fn outcome(fault: &Fault) -> String {
    match fault.start.as_deref() {
        Some("any") => return "a start error, or a run as any other".into(),
        Some(kind) => return format!("start error `{}`", type_name(kind)),
        None => {}
    }
    if fault.runs.is_empty() {
        return command(fault);
    }
    let mut parts: Vec<String> = Vec::new();
    for run in &fault.runs {
        let part = of_run(run);
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    parts.join(", then ")
}

fn of_run(run: &Run) -> String {
    let mut text = match run.outcome.split_once(':') {
        Some(("exit", code)) => format!("exit code {code}"),
        Some(("signal", name)) => format!("crash by {name}"),
        Some(("error", kind)) => format!("run error `{}`", type_name(kind)),
        _ if run.outcome == "timeout" => "over its limit".into(),
        _ => "a pass of the loop".into(),
    };
    if run.restarts > 0 {
        let s = if run.restarts == 1 { "" } else { "s" };
        let loss = type_name(run.loss.as_deref().unwrap_or_default());
        let _ = write!(text, " after {} restart{s} (`{loss}`)", run.restarts);
    }
    text
}

/// For a fault that is tried by the command alone.
fn command(fault: &Fault) -> String {
    let place = match fault.inside.as_deref() {
        Some("ipc") => " (`kernel.shmmni` is 1)",
        Some("disk") => " (on a file system of 1 MiB)",
        _ => "",
    };
    match fault.command.as_ref().and_then(toml::Value::as_integer) {
        Some(0) => format!("a run as any other{place}"),
        Some(_) => format!("an error{place}"),
        None => format!("the fuzzer is killed{place}"),
    }
}

/// `timed-out` is `TimedOut` in Rust.
fn type_name(kind: &str) -> String {
    kind.split('-')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Run, of_run, type_name};

    #[test]
    fn kinds_get_their_names_in_the_source() {
        assert_eq!(type_name("timed-out"), "TimedOut");
        assert_eq!(type_name("died"), "Died");
    }

    #[test]
    fn a_run_is_told_in_words() {
        let run = |outcome: &str, restarts, loss: Option<&str>| {
            of_run(&Run {
                outcome: outcome.into(),
                restarts,
                loss: loss.map(Into::into),
            })
        };
        assert_eq!(run("exit:7", 0, None), "exit code 7");
        assert_eq!(
            run("error:lost", 3, Some("half-word")),
            "run error `Lost` after 3 restarts (`HalfWord`)"
        );
    }
}
