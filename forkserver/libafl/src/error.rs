//! Why an executor could not be made.

use tine_controller::StartError;

/// Why an executor could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The target's fork server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An observer that the builder was told of is not in the tuple of observers.
    #[error(
        "the observer {name:?} was given to the builder, but is not among the observers of the \
         executor: put it into their tuple, under the same name and type"
    )]
    MissingObserver {
        /// Its name.
        name: String,
    },
    /// The target has no coverage map: it is executed without its fork server.
    #[error(
        "the target has no coverage map, so the observer {name:?} would see nothing: start it \
         by its fork server (`Launch::ForkServer`), or leave the observer away"
    )]
    NoCoverage {
        /// Name of the observer of the coverage map.
        name: String,
    },
}

impl From<SetUpError> for libafl::Error {
    fn from(error: SetUpError) -> Self {
        match error {
            SetUpError::Start(_) => Self::runtime(error.to_string()),
            SetUpError::MissingObserver { .. } | SetUpError::NoCoverage { .. } => {
                Self::illegal_argument(error.to_string())
            }
        }
    }
}
