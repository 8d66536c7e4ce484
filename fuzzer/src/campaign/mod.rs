//! A campaign (`-j N`): so many instances in one output folder, each a process of its
//! own, and this process, which starts them, watches them and speaks for them.
//!
//! | file | what |
//! |---|---|
//! | `plan` | which instances there are, and what each is told |
//! | `line` | a command line, option by option |
//! | `roles` | what the instances do differently |
//! | `option` | the hidden option that tells an instance by whom it was started |
//! | `member` | one instance: its process and what it says |
//! | `lines`, `sentences` | what is read of that, and told |
//! | `supervise` | until all have ended |
//! | `ended` | a campaign that is over |
//! | `sum` | what they have come to together |
//! | `summary` | how that is told |

mod ended;
mod error;
mod line;
mod lines;
mod member;
mod option;
mod plan;
mod roles;
mod sentences;
mod sum;
mod summary;
mod supervise;

pub use error::CampaignError;
pub use option::shown;

use crate::{
    cli::{FuzzArgs, config},
    environment::Variables,
};
use nix::sys::{
    prctl,
    signal::{Signal, raise},
};
use std::{ffi::OsString, process::ExitCode};

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
