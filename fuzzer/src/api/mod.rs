//! The library: programs under test from a program of one's own, such as `cargo test`.
//!
//! | file | contents |
//! |---|---|
//! | `compile` | C and C++ sources to a program that tine can drive |
//! | `program` | a program, and runs of it |
//! | `outcome` | how a run ended, and the edges that it took |
//! | `error` | why something could not be done |
//!
//! Nothing here prints, reads options of the `tine` command, or changes what belongs to
//! the whole process: several threads may use it at once.

mod compile;
mod error;
mod outcome;
mod program;

pub use compile::{Compile, Sanitizer, compile};
pub use error::Error;
pub use outcome::{Edges, End, Outcome};
pub use program::{Program, Target};
