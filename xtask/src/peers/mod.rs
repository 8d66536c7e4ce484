//! Fuzzers that tine is compared with and that this system has no package of: AFL++
//! 4.40c, which the tests need and set-up builds ([`built`]), and the newest that
//! Debian's unstable suite has, in a root of its own ([`unstable`]).

mod built;
mod report;
pub mod unstable;

pub use built::{aflplusplus_440, build};
pub use report::{Args, PAGE, PART, docs, run};
