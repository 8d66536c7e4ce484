//! Why no map was written.

use crate::{
    environment::{EnvironmentError, VariableError},
    target::TargetError,
};
use std::{io, path::PathBuf};
use tine_controller::{RunError, StartError};

/// Why no map was written.
#[derive(Debug, thiserror::Error)]
pub enum ShowmapError {
    /// A variable asks for something that cannot be had.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A variable means nothing.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The target is not fit.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Its fork server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No signal handler or no thread.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// A run came to nothing.
    #[error("{what}: {source}")]
    Run {
        /// Which input it was.
        what: String,
        /// What was wrong.
        source: RunError,
    },
    /// An input could not be read.
    #[error("cannot read {what}: {source}")]
    Input {
        /// The file.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has no file.
    #[error("{} has no file to run the target on", .0.display())]
    NoInputs(PathBuf),
    /// The folder has no sequence of inputs.
    #[error(
        "{} has no file to replay: give the folder of one crash, such as \
         OUT/default/replay/NAME",
        .0.display()
    )]
    NothingToReplay(PathBuf),
    /// A process for each input has nothing to remember.
    #[error(
        "{} has no persistent loop, so that each input runs in a process of its own: run the \
         crash alone, without --replay",
        .0.display()
    )]
    NotPersistent(PathBuf),
    /// No input of the folder could be run.
    #[error("the target could not be run on any of the {0} inputs")]
    NothingRan(u64),
    /// A map could not be written.
    #[error("cannot write {}: {source}", .path.display())]
    Output {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One file for many maps.
    #[error(
        "-o {} is a file, but -i names a folder: give a folder for one map an input, or -C for \
         one map of all",
        .0.display()
    )]
    OutputIsFile(PathBuf),
    /// A folder for one map.
    #[error("-o {} is a folder: give the name of a file for the map", .0.display())]
    OutputIsFolder(PathBuf),
    /// The maps would replace the inputs.
    #[error("-o {} holds the inputs, which the maps would overwrite: choose another", .0.display())]
    OutputIsInput(PathBuf),
}

impl ShowmapError {
    /// Whether the next input has a chance.
    pub(super) const fn is_of_input(&self) -> bool {
        match self {
            Self::Input { .. } => true,
            Self::Run { source, .. } => source.is_of_input(),
            _ => false,
        }
    }
}
