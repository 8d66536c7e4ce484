//! `tine fuzz`.

use crate::{
    campaign::{self, CampaignError},
    cli::{
        FuzzArgs,
        config::{self, ConfigError},
    },
    engine::{self, Ended, Events, FuzzError, Subscriber, config::Config},
    environment::{self, EnvironmentError, Scope, VariableError, Variables},
    report::{
        metrics::MetricsAddress,
        statsd::{Statsd, StatsdError},
        summary::{self, Ending, Replay},
    },
    subscribers::{OnCrash, Prometheus, Statistics, StatsdSender, Terminal},
    ui::Status,
};
use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

/// Why the command fails.
#[derive(Debug, thiserror::Error)]
pub enum FuzzCommandError {
    /// A variable asks for something that cannot be had.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// What was asked for makes no session.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Of one session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Of several instances.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
}

/// Why a session fails.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A variable means nothing.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The figures cannot be sent.
    #[error(transparent)]
    Statsd(#[from] StatsdError),
    /// It cannot begin, or cannot go on.
    #[error(transparent)]
    Fuzz(#[from] FuzzError),
}

/// Runs the command.
///
/// # Errors
/// When fuzzing cannot begin, or cannot go on.
pub fn run(
    args: &FuzzArgs,
    variables: &Variables,
    words: &[OsString],
) -> Result<ExitCode, FuzzCommandError> {
    environment::check(Scope::Fuzz, variables)?;
    if let Some(jobs) = args.jobs {
        return Ok(campaign::run(args, jobs, variables, words)?);
    }
    let config = config::of(args, variables, words)?;
    if let Some(parent) = args.campaign {
        campaign::end_with(parent);
    }
    if let Some(remark) = config::remark(args) {
        say!("{remark}");
    }
    let wanted = Wanted {
        no_ui: args.no_ui,
        metrics: args.metrics,
        on_crash: args.on_crash.clone(),
    };
    session(&config, variables, wanted)?;
    Ok(ExitCode::SUCCESS)
}

/// Who wants to be told about a session.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The status line does not rewrite itself.
    pub no_ui: bool,
    /// Where figures are served.
    pub metrics: Option<MetricsAddress>,
    /// Command at a new crash.
    pub on_crash: Option<OsString>,
}

/// Fuzzes until something ends the session. Returns what did. To be called before this
/// process has a second thread.
///
/// # Errors
/// When it cannot begin, or cannot go on.
pub fn session(
    config: &Config,
    variables: &Variables,
    wanted: Wanted,
) -> Result<Ending, SessionError> {
    environment::announce(config, variables);
    let status = if config.in_campaign {
        Status::silent(variables)
    } else {
        Status::new(wanted.no_ui || variables.is_set("AFL_NO_UI"), variables)
    };
    let mut subscribers: Vec<Box<dyn Subscriber>> = vec![Box::new(Terminal::new(status))];
    if let Some(settings) = environment::statsd(variables)? {
        let statsd = Statsd::open(settings, config.instance.name.as_str())?;
        subscribers.push(Box::new(StatsdSender(statsd)));
    }
    subscribers.push(Box::new(Statistics::new(config.wishes.stats_interval)));
    if let Some(address) = wanted.metrics {
        subscribers.push(Box::new(Prometheus::new(address)));
    }
    if let Some(command) = wanted.on_crash {
        subscribers.push(Box::new(OnCrash(command)));
    }
    let ended = engine::fuzz(config, Events::new(subscribers))?;
    let ending = ended.ending;
    // A campaign has a summary of its own.
    if !config.in_campaign {
        summarize(ended, &config.record.replay);
    }
    Ok(ending)
}

/// Tells what came of a session.
fn summarize(ended: Ended, replay: &Replay) {
    let Ended {
        ending,
        snapshot,
        folder,
        crash,
        hang,
    } = ended;
    for line in summary::text(ending, &snapshot, &folder, crash, hang, replay) {
        if line.starts_with(summary::COMMAND) {
            // As it is, to be copied. Nobody may be listening.
            let _ = writeln!(io::stderr(), "{line}");
        } else {
            say!("{line}");
        }
    }
}
