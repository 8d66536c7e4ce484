//! What a session does, as plain values: no command line, no environment.
//!
//! | file | what |
//! |---|---|
//! | `schedule` | power schedules |
//! | `mutation` | types of inputs, aims, lengths |
//! | `compare` | compare logging |
//! | `instance` | names and roles of instances |
//! | `seeds` | where a session begins |

mod compare;
mod instance;
mod mutation;
mod schedule;
mod seeds;

pub use compare::{CompareLevel, CompareProgram};
pub use instance::{Instance, InstanceName};
pub use mutation::{AimChoice, InputType, length};
pub use schedule::Schedule;
pub use seeds::SeedSource;
pub use tine_exchange::Role;
