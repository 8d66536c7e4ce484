//! From the command line to the summary.

use super::{
    State, affinity,
    affinity::Placement,
    control::Control,
    custom, dictionary, energy,
    error::FuzzError,
    executor::ForkServerExecutor,
    history::DEFAULT_INPUTS,
    import::LONGEST_RUN,
    judge::{Account, Engine, Limits},
    new_state,
    progress::Progress,
    queue::Queue,
    seeds, stages,
};
use crate::{
    cli::{FuzzArgs, MOST_REPLAY_INPUTS, SeedSource},
    report::{
        counted,
        folder::{self, Beginning, OutputFolder},
        shell,
        stats::{Earlier, Facts},
        summary::{self, Ending, Find, Replay},
    },
    target::{self, Target, TargetError},
    ui::Status,
};
use libafl::{
    HasMetadata, corpus::HasCurrentCorpusId, events::NopEventManager, executors::SetTimeout,
    mutators::Tokens, schedulers::Scheduler, stages::StagesTuple, state::HasExecutions,
};
use std::{
    env,
    hash::{BuildHasher, Hasher, RandomState},
    io::Write,
    path::PathBuf,
    time::Duration,
};
use tine_controller::{ForkServer, TargetInfo};

/// Tokens that come with the target and are shorter or longer are of no use.
const USEFUL_TOKENS: std::ops::RangeInclusive<usize> = 1..=dictionary::LONGEST;

/// Fuzzes until something ends the session. Returns what did.
///
/// # Errors
/// When it cannot begin, or cannot go on.
pub fn fuzz(args: &FuzzArgs) -> Result<Ending, FuzzError> {
    let mut tokens = Tokens::new();
    for path in &args.dictionary {
        tokens.add_tokens(&dictionary::load(path)?);
    }
    let seed_folder = match &args.input {
        SeedSource::Folder(folder) => Some(folder.as_path()),
        SeedSource::Resume => None,
    };
    let (folder, beginning) = OutputFolder::open(&args.output, seed_folder)?;
    match prepare(args, &folder, beginning) {
        Ok(prepared) => Session::begin(args, folder, beginning, tokens, prepared)?.run(args),
        Err(error) => {
            folder.abandon();
            Err(error)
        }
    }
}

/// Everything that can be found wrong before the output folder is written to.
struct Prepared {
    seeds: Vec<seeds::Seed>,
    target: Target,
    placement: Placement,
    /// How many inputs of a persistent child are kept for a fault that takes them.
    remembered: usize,
    /// Mutators of the user's.
    custom: Option<custom::Shared>,
    server: ForkServer,
}

fn prepare(
    args: &FuzzArgs,
    folder: &OutputFolder,
    beginning: Beginning,
) -> Result<Prepared, FuzzError> {
    let seeds = match (&args.input, beginning) {
        (SeedSource::Folder(folder), Beginning::Fresh) => {
            seeds::load(folder, |flaw| say!("{flaw}"))?
        }
        _ => Vec::new(),
    };
    if let Some(file) = &args.file
        && let Ok(found) = file.canonicalize()
        && let Some(seed) = seeds
            .iter()
            .find(|seed| seed.path.canonicalize().is_ok_and(|path| path == found))
    {
        return Err(FuzzError::FileIsSeed {
            file: file.clone(),
            seed: seed.path.clone(),
        });
    }
    let limit = args.timeout.map_or(LONGEST_RUN, |timeout| timeout.limit);
    let target = target::prepare(
        &args.target,
        args.file.as_deref(),
        folder.path(),
        limit,
        args.memory,
    )?;
    let remembered = remembered_inputs(args)?;
    let placement = affinity::place(args.bind)?;
    if let Placement::NoneFree { allowed } = placement {
        say!(
            "other programs are bound to all {} that tine may use: it is not bound to one, and \
             will be slower than alone (-b CORE chooses one)",
            counted(allowed as u64, "core")
        );
    }
    let custom = custom::load(custom::About {
        command: &args.target,
        file: args.file.as_deref(),
        folder: folder.path(),
        seed: args.seed.unwrap_or_else(random_seed),
    })?;
    let server = ForkServer::start(target.config.clone())?;
    Ok(Prepared {
        seeds,
        target,
        placement,
        remembered,
        custom,
        server,
    })
}

struct Session {
    engine: Engine,
    executor: ForkServerExecutor,
    state: State,
}

impl Session {
    /// Lays out the output folder and fills the queue.
    fn begin(
        args: &FuzzArgs,
        folder: OutputFolder,
        beginning: Beginning,
        mut tokens: Tokens,
        prepared: Prepared,
    ) -> Result<Self, FuzzError> {
        let Prepared {
            seeds,
            target,
            placement,
            remembered,
            custom,
            server,
        } = prepared;
        // From here on a signal ends the session in an orderly way.
        let control = Control::start().map_err(FuzzError::Control)?;
        let earlier = match beginning {
            Beginning::Resumed => Earlier::read(&folder.path().join("fuzzer_stats")),
            Beginning::Fresh => Earlier::default(),
        };
        folder.lay_out(beginning)?;
        let mut executor = ForkServerExecutor::new(server, remembered);
        executor.custom.clone_from(&custom);
        let info = executor.info();
        let command_line = shell::line(env::args_os());
        write_setup(args, &folder, &command_line)?;
        let facts = Facts {
            pid: std::process::id(),
            banner: target
                .file
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            mode: mode(info),
            command_line: command_line.clone(),
        };
        for token in info
            .dictionary
            .iter()
            .filter(|token| USEFUL_TOKENS.contains(&token.len()))
        {
            tokens.add_token(token);
        }
        let mut state = new_state(args.seed.unwrap_or_else(random_seed))?;
        state.add_metadata(tokens);
        *state.executions_mut() = earlier.runs;
        let status = Status::new(args.no_ui);
        let words = info.map_size.div_ceil(8);
        let mut engine = Engine::new(
            words,
            Queue::new(args.seed.is_some()),
            limits(args, &earlier, target.config.timeout)?,
            folder,
            Account {
                replay: replay(args),
                command_line,
            },
            control,
            Progress::new(status, facts, placement.core(), &earlier),
        );
        engine.custom = custom;
        engine.recall(&earlier);

        let imported = match beginning {
            Beginning::Fresh => engine.import_seeds(&mut state, &mut executor, seeds)?,
            Beginning::Resumed => engine.import_queue(&mut state, &mut executor)?,
        };
        engine.check_import(imported, &target.file.path, target.config.memory_limit)?;
        // Measured time would make a session with -s a different one each time.
        if args.timeout.is_none() && args.seed.is_none() {
            engine.limits.run = engine.automatic_limit();
            executor.set_timeout(engine.limits.run);
        }
        Ok(Self {
            engine,
            executor,
            state,
        })
    }

    fn run(mut self, args: &FuzzArgs) -> Result<Ending, FuzzError> {
        self.tell_beginning();
        let ended = self.fuzz();
        let snapshot = self.engine.snapshot(&self.state, &self.executor);
        let written = self.engine.write(&snapshot);
        // What broke off the session matters more than what follows from it.
        let ending = ended?;
        written?;
        self.engine.progress.clear();
        let Engine {
            folder, account, ..
        } = &self.engine;
        // The summary names paths as the user gave them.
        let instance = args.output.join("default");
        let first = |path: PathBuf, name: &str| -> Result<Option<Find>, FuzzError> {
            let names = folder.testcases(&path)?;
            Ok(names.first().map(|first| Find {
                input: instance.join(name).join(first),
                sequence: folder
                    .replay()
                    .join(first)
                    .is_dir()
                    .then(|| instance.join(folder::REPLAY).join(first)),
            }))
        };
        let crash = first(folder.crashes(), "crashes")?;
        let hang = first(folder.hangs(), "hangs")?;
        let lines = summary::text(ending, &snapshot, &instance, crash, hang, &account.replay);
        // The fork server and its child are gone before the summary is there.
        drop(self.executor);
        for line in lines {
            match line.strip_prefix(summary::COMMAND) {
                // As it is, to be copied.
                Some(command) => {
                    let _ = writeln!(std::io::stderr(), "{}{command}", summary::COMMAND);
                }
                None => say!("{line}"),
            }
        }
        Ok(ending)
    }

    fn tell_beginning(&mut self) {
        let snapshot = self.engine.snapshot(&self.state, &self.executor);
        let entries = self.engine.queue.entries();
        let mean = self.engine.queue.totals.exec_us / (entries.len() as u64).max(1);
        let core = snapshot
            .core
            .map_or_else(String::new, |core| format!(", on core {core}"));
        self.engine.progress.note(format_args!(
            "{} in the corpus, {} of {} edges, {mean} us a run, limit {} ms{core}",
            counted(snapshot.corpus, "testcase"),
            snapshot.edges,
            snapshot.total_edges,
            snapshot.limit.as_millis(),
        ));
    }

    /// The main loop: testcase after testcase, until something ends it.
    fn fuzz(&mut self) -> Result<Ending, FuzzError> {
        let Self {
            engine,
            executor,
            state,
        } = self;
        let mut manager = NopEventManager::new();
        let mut stages = stages::all(state);
        let mut custom = stages::CustomStage::default();
        // The status line and the files show the seeds at once.
        engine.attend(state, executor)?;
        loop {
            if let Some(ending) = engine.ending() {
                return Ok(ending);
            }
            let id = engine.queue.next(state)?;
            state.set_corpus_id(id)?;
            engine.score = energy::score(&mut engine.queue, id);
            let performed = match &engine.custom {
                Some(mutators) if !mutators.borrow_mut().want(id) => {
                    state.clear_corpus_id()?;
                    if engine.control.is_due() {
                        engine.attend(state, executor)?;
                    }
                    continue;
                }
                Some(mutators) if mutators.borrow().only => custom.work(engine, executor, state),
                _ => stages.perform_all(engine, executor, state, &mut manager),
            };
            performed.map_err(|error| engine.failure(error))?;
            state.clear_corpus_id()?;
            engine.queue.fuzzed(id);
        }
    }
}

impl Engine {
    /// Takes over the counters of an earlier part of the session.
    fn recall(&mut self, earlier: &Earlier) {
        self.counters.total_timeouts = earlier.total_timeouts;
        self.counters.cycles_before = earlier.cycles_done;
        self.counters.last_find = earlier.last_find;
        self.counters.last_crash = earlier.last_crash;
        self.counters.last_hang = earlier.last_hang;
        self.counters.runs_at_last_crash = earlier.runs;
        self.counters.passed_over = earlier.lost_inputs;
        self.counters.restarts_before = earlier.restarts;
    }
}

fn limits(args: &FuzzArgs, earlier: &Earlier, run: Duration) -> Result<Limits, TargetError> {
    Ok(Limits {
        run,
        hang: hang_limit()?.max(run),
        runs: args
            .executions
            .map_or(u64::MAX, |runs| earlier.runs.saturating_add(runs)),
        time: args.seconds.map(Duration::from_secs),
        until_crash: args.until_crash,
    })
}

/// What the user chose, or else the default.
fn remembered_inputs(args: &FuzzArgs) -> Result<usize, TargetError> {
    if let Some(chosen) = args.replay_inputs {
        return Ok(chosen);
    }
    let chosen = target::count_variable("AFL_PERSISTENT_RECORD", MOST_REPLAY_INPUTS)?;
    Ok(chosen.unwrap_or(DEFAULT_INPUTS))
}

/// A run that takes longer than this is a hang.
fn hang_limit() -> Result<Duration, TargetError> {
    target::duration_variable("AFL_HANG_TMOUT").map(|chosen| chosen.unwrap_or(LONGEST_RUN))
}

/// Different in each process.
fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// AFL's words for how the target is run.
fn mode(info: &TargetInfo) -> String {
    let words: Vec<&str> = [
        (info.persistent, "persistent"),
        (info.shm_input, "shmem_testcase"),
        (info.deferred, "deferred"),
    ]
    .into_iter()
    .filter_map(|(applies, word)| applies.then_some(word))
    .collect();
    if words.is_empty() {
        "default".into()
    } else {
        words.join(" ")
    }
}

fn replay(args: &FuzzArgs) -> Replay {
    let mut options = Vec::new();
    if let Some(file) = &args.file {
        options.extend(["-f".into(), file.clone().into_os_string()]);
    }
    if args.memory.0.is_some() {
        options.extend(["-m".into(), args.memory.to_string().into()]);
    }
    if let Some(timeout) = args.timeout.filter(|timeout| timeout.limit > LONGEST_RUN) {
        options.extend(["-t".into(), timeout.limit.as_millis().to_string().into()]);
    }
    let tine = env::args_os().next().unwrap_or_else(|| "tine".into());
    Replay {
        tine,
        options,
        target: args.target.clone(),
    }
}

/// Notes how the target and the fuzzer were run.
fn write_setup(
    args: &FuzzArgs,
    folder: &OutputFolder,
    command_line: &str,
) -> Result<(), FuzzError> {
    let words: Vec<_> = args
        .target
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    folder.write("cmdline", &format!("{}\n", words.join("\n")))?;
    let mut variables: Vec<String> = env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("AFL_") || name.starts_with("TINE_") || name.ends_with("SAN_OPTIONS")
        })
        .map(|(name, value)| format!("{}={}\n", name.to_string_lossy(), shell::quoted(&value)))
        .collect();
    variables.sort();
    let setup = format!(
        "# environment variables:\n{}# command line:\n{command_line}\n",
        variables.concat()
    );
    folder.write("fuzzer_setup", &setup)?;
    Ok(())
}
