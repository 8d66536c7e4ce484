//! `cargo xtask bench …`: measurements that are repeatable, printed and kept as JSON.

pub mod channels;
mod cmplog;
pub mod effectiveness;
pub mod fork;
mod fuzzer;
mod libafl;
mod memory;
mod mutate;
pub mod peer;
mod proc_stat;
mod queue;
pub mod spawn;
mod strace;
pub mod summary;
mod tools;
mod trace;

use anyhow::Result;
use clap::Subcommand;

use tools::{machine, save, tiny};
pub use tools::{release, scratch_dir};

/// What to measure.
#[derive(Subcommand)]
pub enum Bench {
    /// Runs a second in fork mode: tine and afl-fuzz in turn, the same targets and core
    Fork {
        /// How many times each fuzzer gets its turn
        #[arg(long, default_value_t = 5)]
        pairs: usize,
        /// Seconds of one turn
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Core that both run on [default: the last one]
        #[arg(long)]
        core: Option<usize>,
        /// Real target to run; repeatable [default: tiny and png]
        #[arg(long = "target", value_name = "NAME")]
        targets: Vec<String>,
        /// Version of AFL++
        #[arg(long, value_enum, default_value_t = peer::Peer::V404)]
        peer: peer::Peer,
    },
    /// Every mechanism of inter-process communication as a channel: a word, and 64 KiB
    Channels {
        /// How many times each channel gets its turn
        #[arg(long, default_value_t = 15)]
        pairs: usize,
        /// Seconds of one turn
        #[arg(long, default_value_t = 0.03)]
        seconds: f64,
        /// Keep the figures in docs/data, of which the book's table is made
        #[arg(long)]
        write: bool,
    },
    /// What `tine-cc --cmplog` costs a program that does not log
    Cmplog(cmplog::Args),
    /// tine's executor for LibAFL, and LibAFL's own: runs a second of LibAFL's fuzzer
    Libafl(libafl::Args),
    /// Memory of the fuzzer's process over many runs of a persistent target
    Memory {
        /// How many runs
        #[arg(long, default_value_t = 1_000_000)]
        runs: u64,
    },
    /// The queue with 100,000 testcases: what choosing one costs, and going on with a session
    Queue {
        /// How many testcases the session has that goes on
        #[arg(long, default_value_t = 100_000)]
        testcases: usize,
    },
    /// What an input made by havoc costs: tine's operators and LibAFL's, in turn
    Mutate,
    /// What `tine trace` costs: a handshake and a run with it and without, in turn
    Trace {
        /// How many times each gets its turn
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Runs over which the time of one is averaged
        #[arg(long, default_value_t = 500)]
        runs: u32,
    },
    /// What tine and afl-fuzz find in the same time: edges of real targets, planted bugs
    Effectiveness(effectiveness::Args),
    /// What a run costs: fork + exec, a fork server, a persistent child
    Spawn(spawn::Args),
}

/// Measures.
pub fn run(bench: Bench) -> Result<()> {
    match bench {
        Bench::Fork {
            pairs,
            seconds,
            core,
            targets,
            peer,
        } => {
            fork::run(&fork::Plan::new(pairs, seconds, core, targets, peer)?)?;
            Ok(())
        }
        Bench::Channels {
            pairs,
            seconds,
            write,
        } => channels::run(&channels::Plan {
            turns: pairs,
            seconds,
            write,
        }),
        Bench::Cmplog(args) => cmplog::run(&args),
        Bench::Libafl(args) => libafl::run(&args),
        Bench::Memory { runs } => memory::run(runs),
        Bench::Queue { testcases } => queue::run(testcases),
        Bench::Mutate => mutate::run(),
        Bench::Trace { rounds, runs } => trace::run(rounds, runs),
        Bench::Effectiveness(args) => effectiveness::run(&args),
        Bench::Spawn(args) => spawn::run(&args),
    }
}
