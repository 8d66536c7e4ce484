//! The fork-server protocol: what the bytes are and what they mean.
//!
//! Two roles speak it. The **controller** is the fuzzer's side; the **runtime**
//! is the fork server linked into the target. They share two pipes and one or
//! more System V shared-memory segments:
//!
//! ```text
//! controller --control pipe, fd 198--> runtime     4-byte words
//! controller <--status pipe, fd 199--- runtime     4-byte words
//! controller <===coverage segment====> children    one counter an edge
//! controller <===compare log=======> children    operands of comparisons
//! controller ====input segment=======> children    u32 length, then the bytes
//! controller <===control page========> runtime     tine <-> tine only
//! ```
//!
//! 1. **Start.** The controller creates the segments and the pipes, names the
//!    segments in the environment ([`mod@env`]) and executes the target. Before
//!    `main`, the runtime attaches the segments.
//! 2. **Handshake.** The runtime says hello ([`hello`]); what follows depends on
//!    the dialect that the hello belongs to ([`handshake`]).
//! 3. **Runs.** For each input the controller writes one word and the runtime
//!    forks a child; pid and wait status come back ([`run`], [`status`]).
//! 4. **End.** The controller closes the control pipe (or dies); the runtime
//!    reads end-of-file, kills a child that is still there and exits.
//!
//! This crate does no I/O, allocates nothing and has no `unsafe`: both sides
//! import it, so that a word, a file descriptor or a name stands once.

#![no_std]
#![forbid(unsafe_code)]

pub mod env;
pub mod error;
pub mod fds;
pub mod handshake;
pub mod hello;
pub mod layout;
pub mod options;
pub mod routine;
pub mod run;
pub mod signature;
pub mod status;
pub mod words;

pub use error::TargetError;
pub use status::WaitStatus;
