//! Sequence diagrams: what `tine trace` saw of a real run, as Mermaid.
//!
//! A part named `trace-…` in any Markdown file of `docs/` and `forkserver/` is the
//! diagram of that name.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{paths, shell};

/// What is traced for a diagram.
struct Diagram {
    /// Name of the part.
    name: &'static str,
    /// Source of the target, below `targets/`.
    source: &'static str,
    compiler: Compiler,
    input: &'static [u8],
    /// Options of `tine trace`.
    options: &'static [&'static str],
    /// Only this phase of it.
    only: Option<&'static str>,
}

/// What the target is built with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compiler {
    Tine,
    /// Debian's AFL++ 4.04c.
    AflClangFast,
    /// No wrapper: the program brings a fork server of its own.
    Gcc,
}

const DIAGRAMS: &[Diagram] = &[
    Diagram {
        name: "trace-v1-fork",
        source: "ok.c",
        compiler: Compiler::Tine,
        input: b"1a",
        options: &[],
        only: None,
    },
    Diagram {
        name: "trace-classic-fork",
        source: "lab/server.c",
        compiler: Compiler::Gcc,
        input: b"7",
        options: &[],
        only: None,
    },
    Diagram {
        name: "trace-crash",
        source: "crash_segv.c",
        compiler: Compiler::Tine,
        input: b"!",
        options: &[],
        only: None,
    },
    Diagram {
        name: "trace-timeout",
        source: "hang.c",
        compiler: Compiler::Tine,
        input: b"\xff",
        options: &["-t", "500"],
        only: None,
    },
    Diagram {
        name: "trace-persistent",
        source: "persistent.c",
        compiler: Compiler::Tine,
        input: b"abc",
        options: &["-n", "2"],
        only: None,
    },
    Diagram {
        name: "trace-deferred",
        source: "deferred.c",
        compiler: Compiler::Tine,
        input: b"1a",
        options: &[],
        only: None,
    },
    Diagram {
        name: "trace-options-fork",
        source: "ok.c",
        compiler: Compiler::AflClangFast,
        input: b"1a",
        options: &[],
        only: None,
    },
    Diagram {
        name: "trace-run",
        source: "ok.c",
        compiler: Compiler::AflClangFast,
        input: b"1a",
        options: &[],
        only: Some("run 1"),
    },
    Diagram {
        name: "trace-options-shm",
        source: "input_shm.c",
        compiler: Compiler::AflClangFast,
        input: b"1a",
        options: &[],
        only: None,
    },
];

/// The part named `name`, if it is a diagram.
pub fn text(name: &str) -> Option<Result<String>> {
    name.starts_with("trace-").then(|| {
        let diagram = DIAGRAMS
            .iter()
            .find(|diagram| diagram.name == name)
            .context("there is no diagram of this name in xtask/src/docs/diagram.rs")?;
        draw(diagram)
    })
}

fn draw(diagram: &Diagram) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let program = build(diagram, folder.path())?;
    let mut trace = Command::new(tine("tine"));
    trace.args(["trace", "--format", "mermaid"]);
    trace.args(diagram.options).arg("--").arg(&program);
    trace
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = trace.spawn().context("cannot run tine trace")?;
    let mut stdin = child.stdin.take().context("tine trace has no input")?;
    stdin
        .write_all(diagram.input)
        .context("tine trace does not read its input")?;
    drop(stdin);
    let output = child.wait_with_output().context("tine trace")?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            shell::line(&trace),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let text = String::from_utf8(output.stdout).context("tine trace's output is no text")?;
    let text = match diagram.only {
        Some(phase) => of_phase(&text, phase)?,
        None => text,
    };
    Ok(format!("```mermaid\n{}\n```", settled(text.trim_end())))
}

/// The diagram with one order of what two processes do at the same time. The runtime
/// attaches the input segment behind the reply, while the controller may have written the
/// first request already; and the fork server tells the pid of a child, while that one may
/// have closed its descriptors already.
fn settled(diagram: &str) -> String {
    let mut lines: Vec<&str> = diagram.lines().collect();
    let attached = lines
        .iter()
        .rposition(|line| line.contains(": shmat: input segment"));
    let replied = lines.iter().position(|line| line.contains(": reply "));
    if let (Some(attached), Some(replied)) = (attached, replied)
        && attached > replied
    {
        let line = lines.remove(attached);
        lines.insert(replied + 1, line);
    }
    for at in 1..lines.len() {
        let closes = lines[at].contains("Note over") && lines[at].contains(": close ");
        if closes && lines[at - 1].contains(": pid of the child") {
            lines.swap(at - 1, at);
        }
    }
    lines.join("\n")
}

/// The heading of a diagram, and the part of it that is under this phase.
fn of_phase(diagram: &str, phase: &str) -> Result<String> {
    let (heading, _) = diagram.split_once("\n\n").context("a diagram has phases")?;
    let part = diagram
        .split("\n\n")
        .find(|part| {
            part.lines()
                .next()
                .is_some_and(|line| line.ends_with(&format!(": {phase}")))
        })
        .with_context(|| format!("the diagram has no phase {phase}"))?;
    Ok(format!("{heading}\n\n{part}"))
}

fn build(diagram: &Diagram, folder: &Path) -> Result<PathBuf> {
    let source = paths::root().join("targets").join(diagram.source);
    let program = folder.join(source.file_stem().unwrap_or_default());
    let mut compiler = match diagram.compiler {
        Compiler::Tine => Command::new(tine("tine-cc")),
        Compiler::AflClangFast => {
            let mut command = Command::new("afl-clang-fast");
            command.env("AFL_QUIET", "1");
            command
        }
        Compiler::Gcc => Command::new("gcc"),
    };
    compiler.arg("-o").arg(&program).arg(&source);
    shell::capture(&mut compiler)?;
    Ok(program)
}

/// A program of the workspace, as `cargo build` leaves it.
fn tine(name: &str) -> PathBuf {
    paths::target_dir().join("debug").join(name)
}

/// All Markdown files in which diagrams may stand.
pub fn files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["docs", "forkserver"] {
        collect(&paths::root().join(folder), &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn what_two_processes_do_at_once_has_one_order() {
        let drawn = "P0->>P0: shmat: input segment\nP0->>P1: 198: reply 1\n\
            P1->>P1: shmat: input segment\nP0->>P1: 198: was_killed = 0\n\
            Note over P2: close 198\nNote over P2: close 199\nP1->>P0: 199: pid of the child";
        assert_eq!(settled(drawn), drawn);
        let other = "P0->>P0: shmat: input segment\nP0->>P1: 198: reply 1\n\
            P0->>P1: 198: was_killed = 0\nP1->>P1: shmat: input segment\n\
            P1->>P0: 199: pid of the child\nNote over P2: close 198\nNote over P2: close 199";
        assert_eq!(settled(other), drawn);
    }
}
