//! The output folder of a session: names of testcases, files and their statistics, and text
//! that people read. Everything here is in AFL's layout, so that AFL's tools read it.
//!
//! | file | what |
//! |---|---|
//! | `name` | names of testcases |
//! | `placeholder` | what stands for the input file in the arguments of a target |
//! | `replay` | commands that run a target on what was found |
//! | `ending` | why a session ended |
//! | `folder` | the output folder: who may use it, what lies in it, what may be replaced |
//! | `locks` | who holds which folder |
//! | `store` | writing files whole or not at all |
//! | `stats` | `fuzzer_stats` and `plot_data`, as they are written |
//! | `figures` | `fuzzer_stats` of another process, as it is read |
//! | `shell` | commands as they can be pasted into a shell |
//! | `text` | numbers and times in words; text from outside, escaped |

pub mod ending;
pub mod figures;
pub mod folder;
pub mod locks;
pub mod name;
pub mod placeholder;
pub mod replay;
pub mod shell;
pub mod stats;
pub mod store;
pub mod text;

/// Most bytes of a testcase.
pub use tine_protocol::layout::input::MAX_INPUT;
