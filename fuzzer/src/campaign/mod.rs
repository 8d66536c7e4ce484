//! A campaign (`-j N`): so many instances in one output folder, each a process of its
//! own, and this process, which starts them, watches them and speaks for them.
//!
//! | file | what |
//! |---|---|
//! | `plan` | which instances there are, and what each is told |
//! | `line` | a command line, option by option |
//! | `roles` | what the instances do differently |
//! | `member` | one instance: its process and what it says |
//! | `lines`, `sentences` | what is read of that, and told |
//! | `supervise` | until all have ended |
//! | `ended` | a campaign that is over |
//! | `sum` | what they have come to together |
//! | `summary` | how that is told |

mod ended;
mod line;
mod lines;
mod member;
mod plan;
mod roles;
mod sentences;
mod sum;
mod summary;
mod supervise;

pub use plan::PlanError;

use crate::{
    cli::{FuzzArgs, config},
    environment::Variables,
};
use nix::sys::{
    prctl,
    signal::{Signal, raise},
};
use std::{ffi::OsString, io, process::ExitCode};

/// The hidden option that tells an instance by whom it was started.
const CAMPAIGN: &str = "--campaign";

/// Why a campaign cannot begin, or came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The instances cannot be chosen.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No signal handler.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// A process cannot be started.
    #[error("cannot start the instance {name}: {source}")]
    Start {
        /// The instance.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// They have said why.
    #[error("all instances ended with an error")]
    AllFailed,
}

/// Runs a campaign of `jobs` instances until something ends it.
///
/// # Errors
/// When it cannot begin, or when all instances fail.
pub fn run(
    args: &FuzzArgs,
    jobs: usize,
    variables: &Variables,
    words: &[OsString],
) -> Result<ExitCode, CampaignError> {
    let plan = plan::make(args, jobs, variables, words)?;
    let ended = supervise::run(args, plan, variables)?;
    let is_any_well = ended.members.iter().any(|member| member.is_well);
    for line in summary::text(args, &ended, &config::replay(args, variables, words)) {
        summary::say_line(&line);
    }
    if is_any_well {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(CampaignError::AllFailed)
    }
}

/// Asks for a signal when the process that started this one ends, however it does.
pub fn end_with(parent: u32) {
    // It fails for what is no signal only.
    let _ = prctl::set_pdeathsig(Signal::SIGTERM);
    if nix::unistd::getppid().as_raw().cast_unsigned() != parent {
        // It ended before.
        let _ = raise(Signal::SIGTERM);
    }
}

/// The command line of a session as its user would write it.
pub fn shown(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let own = format!("{CAMPAIGN}=");
    // It stands right behind `tine fuzz`, where a target's arguments cannot be.
    if let Some(at) = words
        .iter()
        .take(3)
        .position(|word| word.to_string_lossy().starts_with(&own))
    {
        words.remove(at);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::shown;
    use std::ffi::OsString;

    #[test]
    fn the_hidden_option_is_not_shown() {
        let of = |text: &str| {
            let words = shown(text.split(' ').map(OsString::from));
            words.join(" ".as_ref()).into_string().unwrap()
        };
        assert_eq!(
            of("tine fuzz --campaign=7 -M main -- t --campaign=8"),
            "tine fuzz -M main -- t --campaign=8"
        );
        assert_eq!(of("tine fuzz -j 2 -- t"), "tine fuzz -j 2 -- t");
    }
}
