//! `tine status`: what the instances in an output folder do, and what they found.

mod text;

use crate::{
    cli::StatusArgs,
    environment,
    report::{
        campaign::{Campaign, CampaignError},
        folder,
        metrics::{self, MetricsError},
        text::lines,
    },
};
use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
    thread,
    time::Duration,
};

/// How often figures are shown again.
const INTERVAL: Duration = Duration::from_secs(2);

/// No instance runs.
const NONE_RUNS: u8 = 3;

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// There is no campaign.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// The figures cannot be served.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// What was to be told cannot be written.
    #[error("cannot write standard output: {0}")]
    Output(io::Error),
}

/// Runs the command.
///
/// # Errors
/// When there is no instance in the folder, or the figures cannot be served or written.
pub fn run(args: &StatusArgs) -> Result<ExitCode, StatusError> {
    if args.variables {
        is_read(write!(io::stdout(), "{}", environment::markdown()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.files {
        is_read(write!(io::stdout(), "{}", folder::markdown()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let out = args.out.as_deref().unwrap_or(Path::new("."));
    if let Some(address) = args.metrics {
        // What is not there yet may come; what is no folder never will.
        match Campaign::read(out) {
            Ok(_) | Err(CampaignError::NoInstance(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let metrics = metrics::serve(address, out)?;
        say!("figures of {} at {}", out.display(), metrics.url());
        metrics.wait();
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        let campaign = Campaign::read(out)?;
        let is_shown = is_read(show(&campaign, args))?;
        let is_running = campaign.summary.running + campaign.summary.starting > 0;
        if args.watch && is_shown && is_running {
            thread::sleep(INTERVAL);
            continue;
        }
        let code = if is_running { 0 } else { NONE_RUNS };
        return Ok(ExitCode::from(code));
    }
}

/// Whether somebody reads what was written. `head` and the like have seen enough some time;
/// a full disk is an error.
fn is_read(written: io::Result<()>) -> Result<bool, StatusError> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(StatusError::Output(error)),
    }
}

/// Writes it.
fn show(campaign: &Campaign, args: &StatusArgs) -> io::Result<()> {
    /// To the upper left corner, and everything below is gone.
    const CLEAR: &str = "\x1b[H\x1b[2J";
    let mut stdout = io::stdout().lock();
    if args.json {
        if args.watch {
            serde_json::to_writer(&mut stdout, campaign)?;
        } else {
            serde_json::to_writer_pretty(&mut stdout, campaign)?;
        }
        return writeln!(stdout).and_then(|()| stdout.flush());
    }
    let is_terminal = stdout.is_terminal();
    if args.watch {
        stdout.write_all(if is_terminal { CLEAR } else { "" }.as_bytes())?;
    }
    let text = text::of(campaign, width());
    stdout.write_all(lines(&text).as_bytes())?;
    if args.watch && !is_terminal {
        writeln!(stdout)?;
    }
    stdout.flush()
}

/// Columns of the terminal; `COLUMNS` where there is none.
fn width() -> usize {
    const USUAL: usize = 80;
    const LEAST: usize = 20;
    let terminal = terminal_size::terminal_size_of(io::stdout());
    let terminal = terminal.map(|(width, _)| usize::from(width.0));
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(told).unwrap_or(USUAL).max(LEAST)
}
