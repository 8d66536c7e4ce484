//! The command line: what can be said, and values checked as they are read.

mod afl_options;
mod cmin;
mod compare_log;
pub mod config;
mod demo;
mod doctor;
mod fuzz;
mod instance;
mod jobs;
mod mistake;
mod mutation;
mod schedule;
mod showmap;
mod status;
mod target;
mod tmin;
mod trace;
mod values;

pub use cmin::CminArgs;
pub use compare_log::CompareArgs;
pub use demo::DemoArgs;
pub use doctor::DoctorArgs;
pub use fuzz::FuzzArgs;
pub use instance::InstanceError;
pub use mistake::sentence;
pub use mutation::MutationArgs;
pub use showmap::ShowmapArgs;
pub use status::StatusArgs;
pub use target::TargetArgs;
pub use tmin::TminArgs;
pub use trace::{TraceArgs, TraceFormat};
pub use values::{RunLimit, Workers};

use clap::{Parser, Subcommand};

/// An AFL-compatible fork-server fuzzer for Linux.
#[derive(Debug, Parser)]
#[command(
    name = "tine",
    version,
    about = "An AFL-compatible fork-server fuzzer for Linux",
    after_help = TINE_EXAMPLES,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const TINE_EXAMPLES: &str = "\
New here? This builds a small program, fuzzes it until it crashes, and explains:
  tine demo

Your own program:
  tine-cc -o prog prog.c                      # or: CC=tine-cc CXX=tine-c++ ./configure && make
  tine fuzz -i seeds -o out -- ./prog @@      # without @@ the input comes on standard input";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fuzz a program: find inputs that reach new code, crash it or hang it
    Fuzz(Box<FuzzArgs>),
    /// Run a program on one input, or on each file of a folder, and write down the edges it took
    Showmap(ShowmapArgs),
    /// Keep the few of many inputs that together take all edges that all of them take
    Cmin(CminArgs),
    /// Make an input, or each of a folder, as short and as plain as it can be
    Tmin(TminArgs),
    /// Watch a fork server work: each word, segment, signal and process of a run, in order
    Trace(TraceArgs),
    /// Tell what the instances in an output folder do, and what they found
    Status(StatusArgs),
    /// Say what keeps this machine, or a program, from being fuzzed well, and what mends it
    Doctor(DoctorArgs),
    /// See it work: build a sample program, fuzz it until it crashes, explain what happened
    Demo(DemoArgs),
}

#[cfg(test)]
mod tests;
