//! A fuzzer of LibAFL's parts over tine's fork server: havoc, a queue, its corpus on disk.
//! It ends with the first crash.
//!
//! `fuzz TARGET SEEDS OUTPUT [RUNS]`

use libafl::corpus::{Corpus, OnDiskCorpus};
use libafl::events::SimpleEventManager;
use libafl::feedbacks::{CrashFeedback, MaxMapFeedback};
use libafl::inputs::BytesInput;
use libafl::monitors::SimpleMonitor;
use libafl::mutators::{HavocScheduledMutator, havoc_mutations, tokens_mutations};
use libafl::schedulers::QueueScheduler;
use libafl::stages::StdMutationalStage;
use libafl::state::{HasExecutions, HasSolutions, StdState};
use libafl::{Error, Fuzzer, HasMetadata, StdFuzzer};
use libafl_bolts::{
    rands::StdRand,
    tuples::{Merge, tuple_list},
};
use std::{env, path::PathBuf, process::ExitCode};
use tine_libafl::{CoverageObserver, TineExecutor};

/// Fuzzes `target` for at most `runs` executions, and one turn of the queue more. Returns
/// the number of crashes; they are below `output`.
pub fn fuzz(target: PathBuf, seeds: PathBuf, output: PathBuf, runs: u64) -> Result<usize, Error> {
    // The map: one counter an edge, in AFL's buckets. New is what fills a higher bucket.
    let edges = CoverageObserver::new("edges");
    let mut feedback = MaxMapFeedback::new(&edges);
    let mut objective = CrashFeedback::new();
    let mut executor = TineExecutor::builder(target)
        .coverage(&edges)
        .start(tuple_list!(edges))?;

    let mut state = StdState::new(
        StdRand::with_seed(0),
        OnDiskCorpus::<BytesInput>::no_meta(output.join("queue"))?,
        OnDiskCorpus::no_meta(output.join("crashes"))?,
        &mut feedback,
        &mut objective,
    )?;
    state.add_metadata(executor.tokens());
    let mut fuzzer = StdFuzzer::new(QueueScheduler::new(), feedback, objective);
    let monitor = SimpleMonitor::new(|line| println!("{line}"));
    let mut manager = SimpleEventManager::new(monitor);
    state.load_initial_inputs_forced(&mut fuzzer, &mut executor, &mut manager, &[seeds])?;

    let mutations = havoc_mutations().merge(tokens_mutations());
    let havoc = HavocScheduledMutator::with_max_stack_pow(mutations, 4);
    let mut stages = tuple_list!(StdMutationalStage::new(havoc));
    while *state.executions() < runs && state.solutions().count() == 0 {
        fuzzer.fuzz_one(&mut stages, &mut executor, &mut state, &mut manager)?;
    }
    println!("after {} runs:", state.executions());
    Ok(state.solutions().count())
}

#[allow(dead_code, reason = "the tests call fuzz() themselves")]
fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [target, seeds, output, rest @ ..] = &arguments[..] else {
        eprintln!("usage: fuzz TARGET SEEDS OUTPUT [RUNS]");
        return ExitCode::FAILURE;
    };
    let runs = rest.first().and_then(|runs| runs.to_str()?.parse().ok());
    let runs = runs.unwrap_or(u64::MAX);
    match fuzz(target.clone(), seeds.clone(), output.clone(), runs) {
        Ok(crashes) => {
            println!("crashes: {crashes}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
