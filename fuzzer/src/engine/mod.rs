//! The fuzzing engine: what an input is, how it is mutated, run and judged, and which one
//! is next.
//!
//! | file | what |
//! |---|---|
//! | `config` | what the user asks of a session |
//! | `fuzz` | a session from its configuration to its end, and the main loop |
//! | `prepare`, `settings` | what it begins with, and what follows from its configuration |
//! | `stages` | what is done with a testcase whose turn it is |
//! | `session` | the parts of a session, and what is done with an input: `session::evaluate` is the way of one run |
//! | `coverage` | what runs covered, and what a run means: `Coverage::judge` |
//! | `corpus` | the inputs; which is next, and for how long |
//! | `session::finds` | every find is named and written here |
//! | `executor` | runs inputs by the controller's fork server |
//! | `mutation`, `strategy`, `mutate` | how inputs are made: all of it, what changes on the way, the mutations |
//! | `redqueen` | comparisons of the target are solved, with a program that logs them |
//! | `custom` | user-supplied mutators |
//! | `sanitized` | binaries with sanitizers, for inputs with an unseen trace |
//! | `state_file` | what is kept from one session to the next |
//! | `sync` | the exchange with other fuzzers, and when it is due |
//! | `events` | what leaves a session, and who is told |
//! | `progress`, `clock`, `speed`, `counters` | how it gets on: times and what is counted |
//! | `control` | signals and the passing of time |
//! | `affinity` | which core to run on |
//! | `input_file` | which file stands for `@@` |
//! | `dictionary`, `seeds` | what the user gives |
//!
//! `fuzz` knows the stages and the session, the stages know the session, the session knows
//! its parts; no arrow runs back.
//!
//! Most runs bring nothing new. Such a run allocates nothing, makes no system
//! call but those of the fork server, makes no event, and asks no clock. (The controller looks for
//! daemons of the target between two runs, once in tens of thousands.)

// What leaves the engine is an event, and what it is told is in its `Config`.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

mod affinity;
#[cfg(test)]
mod allocations;
mod clock;
pub mod config;
mod control;
mod corpus;
mod counters;
mod coverage;
mod custom;
mod dictionary;
mod error;
mod events;
mod executor;
mod fuzz;
mod input_file;
mod mutate;
mod mutation;
mod prepare;
mod progress;
mod redqueen;
mod sanitized;
mod seeds;
mod session;
mod settings;
mod speed;
mod stages;
mod state_file;
mod strategy;
mod sync;

pub use affinity::{allowed_cores, bound_core, free_cores};
pub use control::Control;
pub use coverage::classify;
pub use error::FuzzError;
pub use events::{Complaint, Event, Events, Subscriber};
pub use fuzz::{Ended, fuzz};
