//! A turn of one executor on one target: `EXECUTOR TARGET SEEDS SECONDS CORE`, EXECUTOR
//! being `tine` or `libafl`. Prints a line of JSON; `cargo xtask bench libafl` starts it
//! for each turn, so that neither executor finds what the other one left.
//!
//! What is measured is what a fuzzer does with an input: observers before the run, the
//! run, observers after it, and the feedback, which finds nothing new.

// LibAFL's executor announces its segment through this process's environment.
#![allow(unsafe_code)]

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::time::{Duration, Instant};

use libafl::corpus::InMemoryCorpus;
use libafl::events::NopEventManager;
use libafl::executors::{Executor, ForkserverExecutor, HasObservers, StdChildArgs};
use libafl::feedbacks::{Feedback, MaxMapFeedback, StateInitializer};
use libafl::inputs::BytesInput;
use libafl::observers::{HitcountsMapObserver, ObserversTuple, StdMapObserver};
use libafl::schedulers::QueueScheduler;
use libafl::state::{HasExecutions, StdState};
use libafl::{Evaluator, StdFuzzer};
use libafl_bolts::StdTargetArgs;
use libafl_bolts::rands::{Rand, StdRand};
use libafl_bolts::shmem::{ShMem, ShMemProvider, UnixShMemProvider};
use libafl_bolts::tuples::{MatchName, tuple_list};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use serde::Serialize;
use tine_libafl::{CoverageObserver, TineExecutor};

/// As LibAFL's examples have it. Its executor cuts it to what the target says.
const LIBAFL_MAP_SIZE: usize = 65_536;

/// Inputs of a turn, over and over.
const INPUTS: usize = 256;

type State = StdState<InMemoryCorpus<BytesInput>, BytesInput, StdRand, InMemoryCorpus<BytesInput>>;

#[derive(Serialize)]
struct Turn {
    runs: u64,
    seconds: f64,
    map_size: usize,
    edges: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).filter(|it| it != "--bench");
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("{name} is missing"));
    let Ok(executor) = next("EXECUTOR") else {
        // `cargo test --benches` and `cargo bench` of all: there is nothing to do.
        println!("`cargo xtask bench libafl` measures");
        return Ok(());
    };
    let (target, seeds) = (next("TARGET")?, next("SEEDS")?);
    let limit = Duration::from_secs_f64(text(next("SECONDS")?)?.parse()?);
    let core = text(next("CORE")?)?.parse()?;
    let mut cores = CpuSet::new();
    cores.set(core)?;
    sched_setaffinity(Pid::from_raw(0), &cores)?;
    let inputs = inputs(seeds.as_ref())?;
    let turn = match text(executor)?.as_str() {
        "tine" => tine(target.as_ref(), &inputs, limit)?,
        "libafl" => libafl(target.as_ref(), &inputs, limit)?,
        other => return Err(format!("there is no executor {other}").into()),
    };
    println!("{}", serde_json::to_string(&turn)?);
    Ok(())
}

fn text(argument: OsString) -> Result<String, String> {
    let text = argument.into_string();
    text.map_err(|argument| format!("{argument:?} is no text"))
}

/// The seeds, and variants of them.
fn inputs(seeds: &Path) -> Result<Vec<BytesInput>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(seeds)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut read = Vec::new();
    for path in paths {
        read.push(fs::read(path)?);
    }
    read.retain(|seed| !seed.is_empty());
    if read.is_empty() {
        return Err(format!("no seed in {}", seeds.display()).into());
    }
    let mut rand = StdRand::with_seed(1);
    let variant = |number: usize| {
        let mut bytes = read[number % read.len()].clone();
        for _ in 0..number / read.len() {
            let length = NonZero::new(bytes.len()).unwrap_or(NonZero::<usize>::MIN);
            let place = rand.below(length);
            bytes[place] = rand.next() as u8;
        }
        BytesInput::new(bytes)
    };
    Ok((0..INPUTS).map(variant).collect())
}

fn tine(target: &Path, inputs: &[BytesInput], limit: Duration) -> Result<Turn, Box<dyn Error>> {
    let edges = CoverageObserver::new("edges");
    let feedback = MaxMapFeedback::new(&edges);
    let executor = TineExecutor::builder(target)
        .coverage(&edges)
        .start(tuple_list!(edges))?;
    let size = |executor: &TineExecutor<(CoverageObserver, ())>| {
        let observers = &*executor.observers();
        observers.0.len()
    };
    measure(executor, feedback, inputs, limit, size)
}

fn libafl(target: &Path, inputs: &[BytesInput], limit: Duration) -> Result<Turn, Box<dyn Error>> {
    let file = fs::read(target)?;
    let says = |signature: &[u8]| file.windows(signature.len()).any(|it| it == signature);
    let mut provider = UnixShMemProvider::new()?;
    let mut segment = provider.new_shmem(LIBAFL_MAP_SIZE)?;
    // SAFETY: the process has this one thread.
    unsafe { segment.write_to_env("__AFL_SHM_ID") }?;
    // SAFETY: LibAFL's own way to observe a segment that another process writes: between
    // two runs nobody does.
    let map = unsafe { StdMapObserver::new("edges", &mut segment[..]) };
    let edges = HitcountsMapObserver::new(map);
    let feedback = MaxMapFeedback::new(&edges);
    let executor = ForkserverExecutor::builder()
        .program(target)
        .coverage_map_size(LIBAFL_MAP_SIZE)
        .is_persistent(says(b"##SIG_AFL_PERSISTENT##"))
        .is_deferred_frksrv(says(b"##SIG_AFL_DEFER_FORKSRV##"))
        .timeout(Duration::from_secs(1))
        .shmem_provider(&mut provider)
        .build_dynamic_map::<_, _, _, BytesInput, State>(edges, tuple_list!())?;
    let size = executor.coverage_map_size().unwrap_or_default();
    measure(executor, feedback, inputs, limit, |_| size)
}

/// Runs the inputs until the time is over.
fn measure<E, F>(
    mut executor: E,
    mut feedback: F,
    inputs: &[BytesInput],
    limit: Duration,
    map_size: impl Fn(&E) -> usize,
) -> Result<Turn, Box<dyn Error>>
where
    E: HasObservers + Executor<NopEventManager, BytesInput, State, Fuzzer<F>>,
    E::Observers: MatchName + ObserversTuple<BytesInput, State> + Serialize,
    F: Feedback<NopEventManager, BytesInput, E::Observers, State> + StateInitializer<State>,
{
    let corpus = InMemoryCorpus::new;
    let rand = StdRand::with_seed(1);
    let mut state = StdState::new(rand, corpus(), corpus(), &mut feedback, &mut ())?;
    let mut fuzzer = StdFuzzer::new(QueueScheduler::new(), feedback, ());
    let mut manager = NopEventManager::new();
    // What is new is new here, and not in what is measured.
    for _ in 0..2 {
        for input in inputs {
            fuzzer.evaluate_input(&mut state, &mut executor, &mut manager, input)?;
        }
    }
    let before = *state.executions();
    let began = Instant::now();
    let mut seconds = 0.0;
    while seconds < limit.as_secs_f64() {
        for input in inputs {
            fuzzer.evaluate_input(&mut state, &mut executor, &mut manager, input)?;
        }
        seconds = began.elapsed().as_secs_f64();
    }
    let runs = *state.executions() - before;
    Ok(Turn {
        runs,
        seconds,
        map_size: map_size(&executor),
        edges: covered(&state),
    })
}

type Fuzzer<F> = StdFuzzer<
    QueueScheduler,
    F,
    libafl::inputs::BytesInputConverter,
    libafl::fuzzer::NopInputFilter,
    (),
>;

/// How many counters were ever other than 0.
fn covered(state: &State) -> usize {
    use libafl::{HasNamedMetadata, feedbacks::map::MapFeedbackMetadata};
    let metadata = state.named_metadata_map();
    let seen = metadata.get::<MapFeedbackMetadata<u8>>("edges");
    seen.map_or(0, |seen| seen.num_covered_map_indexes)
}
