//! Which instance of a campaign a session is: `-M`, `-S`, `-F`, `-j`.

use super::FuzzArgs;
use crate::engine::config::{Instance, InstanceName, Role};

/// Why a session cannot be the instance that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// `-F` without `-M` or `-j`.
    #[error(
        "-F brings testcases of another fuzzer to the main instance, which passes them on: give \
         -M NAME or -j N with it"
    )]
    ForeignWithoutMain,
}

impl FuzzArgs {
    /// The instance that the command line asks for.
    ///
    /// # Errors
    /// When its options do not go together.
    pub fn instance(&self) -> Result<Instance, InstanceError> {
        if !self.foreign.is_empty() && self.main.is_none() && self.jobs.is_none() {
            return Err(InstanceError::ForeignWithoutMain);
        }
        Ok(match (&self.main, &self.secondary) {
            (Some(name), _) => Instance {
                name: name.clone(),
                role: Role::Main,
            },
            (None, Some(name)) => Instance {
                name: name.clone(),
                role: Role::Secondary,
            },
            (None, None) => Instance {
                name: InstanceName::alone(),
                role: Role::Alone,
            },
        })
    }
}

/// The number of instances that `-j` takes. More have never been of use on one
/// machine.
pub fn job_count(text: &str) -> Result<usize, JobError> {
    match text.parse() {
        Ok(count @ 1..=MOST_JOBS) => Ok(count),
        _ => Err(JobError),
    }
}

const MOST_JOBS: usize = 256;

/// Not a number of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a number of instances, 1 to {MOST_JOBS}; one for each core is a good choice")]
pub struct JobError;
