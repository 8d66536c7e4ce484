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
