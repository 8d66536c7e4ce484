//! Why there is no diagnosis.

use std::io;

/// Why there is no diagnosis.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input of `-i` could not be read.
    #[error("cannot read {path}: {source}")]
    Input {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Temporary files are not possible.
    #[error("cannot create a temporary folder: {0}; set TMPDIR to a folder that may be written")]
    Temporary(io::Error),
    /// No signal handler or no thread.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// The findings could not be written.
    #[error("cannot write the findings: {0}")]
    Output(io::Error),
    /// The findings could not be put into JSON.
    #[error("cannot put the findings into JSON: {0}")]
    Json(#[from] serde_json::Error),
}
