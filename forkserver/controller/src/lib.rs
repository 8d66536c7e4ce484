//! The controller: the fuzzer's side of the fork server.
//!
//! [`ForkServer::start`] creates the segments and the pipes, executes the target
//! and shakes hands; [`ForkServer::run`] hands over one input and says how the
//! child ended; [`ForkServer::map`] is what it covered. Dropping it ends the
//! server and its child.
//!
//! | file | what |
//! |---|---|
//! | `config` | what to run and with which limits |
//! | `target_file` | what the target's file says about it, before it is started |
//! | `signatures` | strings that the compiler wrapper left in the file |
//! | `spawn` | pipes on 198 and 199, session, limits, exec |
//! | `handshake` | drives the state machine of `tine-protocol` over the pipes |
//! | `input` | shared memory, standard input or a file; a fresh one for each run |
//! | `boot` | from the file to a server that answers |
//! | `channel` | one run, a run over its limit, the end: what any channel does |
//! | `channel/pipe`, `channel/answer` | by the pipes of a fork server |
//! | `channel/exec` | without a fork server |
//! | `channel/server` | the fork server's process: its child, its end |
//! | `first_pass` | how long the first pass of a persistent child may take |
//! | `leftovers`, `procfs` | processes of the target that left its groups |
//! | `control_page` | the page shared with tine's runtime |
//! | `server` | all of it: runs, whatever happens to the fork server |
//! | `server/start` | the first start, and one after a loss |
//! | `target_info` | facts about a target that was started |
//! | `coverage` | the counters |
//! | `compare_log` | what the comparisons of a run had for operands |
//! | `outcome`, `error` | how a run ended; what went wrong and the way out |

mod boot;
mod channel;
mod compare_log;
mod config;
mod control_page;
mod coverage;
mod error;
mod first_pass;
mod handshake;
mod input;
mod late;
mod leftovers;
mod outcome;
mod procfs;
mod server;
mod signatures;
mod spawn;
pub mod target_file;
mod target_info;

pub use compare_log::{CompareLog, Site};
pub use config::{InputRoute, Launch, TargetConfig, TargetOutput};
pub use coverage::CoverageMap;
pub use error::{LossReason, RunError, StartError};
pub use input::{InputFile, InputFolder};
pub use late::{Counted, LateModule};
pub use outcome::{Outcome, signal_name};
pub use server::{Batch, ForkServer};
pub use signatures::Signatures;
pub use spawn::start_clean;
pub use target_file::{TargetFile, TargetFileError};
pub use target_info::TargetInfo;
pub use tine_ipc::{Pid, folder_guard::is_guard as is_folder_guard, inherited, page_tracking};
pub use tine_protocol::{
    handshake::controller::Dialect,
    layout::coverage::{FIRST_MAP_SIZE, MAX_MAP_SIZE},
};
