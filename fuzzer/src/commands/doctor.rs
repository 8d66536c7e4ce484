//! `tine doctor`: what keeps this machine, or a program, from being fuzzed well.

mod error;
mod finding;
mod host;
mod target;
mod text;

use crate::{cli::DoctorArgs, environment::Variables};
pub use error::Error;
use finding::{Finding, Level};
use serde::Serialize;
use std::{
    cell::RefCell,
    io::{self, Write},
    process::ExitCode,
};

/// Raised when a field of the JSON changes its meaning or is taken away.
const FORMAT_VERSION: u32 = 1;

/// All findings, as `--json` prints them.
#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: &'a [Finding],
    /// Whether something will fail.
    fails: bool,
}

/// Runs the command.
///
/// # Errors
/// When the input cannot be read, or there is nowhere to work.
pub fn run(args: &DoctorArgs, variables: &Variables) -> Result<ExitCode, Error> {
    if args.list {
        show(&text::table()).map_err(Error::Output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let failed = RefCell::new(None);
    let show = |text: &str| {
        // A reader that has seen enough is no error; a full disk is.
        if let Err(error) = show(text)
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            failed.borrow_mut().get_or_insert(error);
        }
    };
    let has_target = !args.target.is_empty();
    let mut findings = Vec::new();
    let mut say = |finding: Finding| {
        if !args.json {
            show(&text::finding(&finding));
        }
        findings.push(finding);
    };
    if !args.json {
        show(&text::heading("This machine"));
    }
    host::examine(&host::Live, has_target)
        .into_iter()
        .for_each(&mut say);
    if has_target {
        if !args.json {
            let words: Vec<_> = args
                .target
                .iter()
                .map(|word| word.display().to_string())
                .collect();
            show(&format!("\n{}", text::heading(&words.join(" "))));
        }
        target::examine(args, variables, &mut say)?;
    }
    let fails = findings.iter().any(|finding| finding.level == Level::Fails);
    if args.json {
        let report = Report {
            version: FORMAT_VERSION,
            findings: &findings,
            fails,
        };
        show(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    } else {
        show(&format!("\n{}", text::summary(&findings, has_target)));
    }
    if let Some(error) = failed.take() {
        return Err(Error::Output(error));
    }
    Ok(if fails {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Prints; without its styles where they are not wanted.
fn show(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
