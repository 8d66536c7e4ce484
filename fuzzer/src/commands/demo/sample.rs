//! The sample program, and the commands that work on it.

use std::path::PathBuf;

/// The sample program, with a bug planted in it.
pub(super) const SOURCE: &str = include_str!("../../../../targets/demo.c");

/// A valid input of it.
pub(super) const SEED: &[u8] = include_bytes!("../../../../targets/seeds/demo/picture.tip");

/// The commands as they can be pasted into a shell from anywhere.
#[derive(Debug)]
pub(super) struct Tools {
    /// `tine`.
    pub(super) tine: PathBuf,
    /// `tine-cc`.
    pub(super) compiler: PathBuf,
}
