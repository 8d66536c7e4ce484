//! The library: programs under test from a program of one's own, such as `cargo test`.
//!
//! | file | contents |
//! |---|---|
//! | `compile` | C and C++ sources to a program that tine can drive |
//! | `program`, `target` | a program and how to run it; one that was started, and its runs |
//! | `busy` | another attempt while somebody has a program open |
//! | `campaign`, `report` | a program is fuzzed for a while; what was found |
//! | `outcome` | how a run ended, and the edges that it took |
//! | `files` | files and folders, with errors that name them |
//! | `error` | why something could not be done |
//!
//! Nothing here prints, reads options of the `tine` command, or changes what belongs to
//! the whole process: several threads may use it at once.

mod busy;
mod campaign;
mod compile;
mod error;
mod files;
mod outcome;
mod program;
mod report;
mod target;

pub use campaign::{Campaign, Event, Progress};
pub use compile::{Compile, Sanitizer, compile};
pub use error::Error;
pub use outcome::{Edges, End, Outcome};
pub use program::Program;
pub use report::{Fault, Report};
pub use target::Target;
