//! From the command line to the summary.

use super::{
    State, affinity,
    affinity::Placement,
    control::Control,
    corpus::DEFAULT_BUDGET,
    custom, dictionary, energy,
    error::FuzzError,
    executor::ForkServerExecutor,
    history::DEFAULT_INPUTS,
    import::LONGEST_RUN,
    input_file::InputFile,
    judge::{Account, Engine, Limits},
    new_state,
    progress::Progress,
    queue::Queue,
    redqueen::start::Logger,
    resume::Identity,
    sanitized::Sanitized,
    seeds, stages,
    stages::RedqueenStage,
    strategy::Strategy,
    sync::Sync,
};
use crate::{
    campaign,
    cli::{FuzzArgs, Instance, MOST_REPLAY_INPUTS, SeedSource},
    environment::Wishes,
    report::{
        counted,
        folder::{self, Beginning, OutputFolder},
        metrics::{self, Metrics},
        shell,
        stats::{Earlier, Facts},
        statsd::Statsd,
        summary::{self, Ending, Find, Replay},
    },
    target::{self, Target, TargetError},
    ui::Status,
};
use libafl::{
    HasMetadata,
    corpus::HasCurrentCorpusId,
    events::NopEventManager,
    executors::SetTimeout,
    mutators::Tokens,
    schedulers::Scheduler,
    stages::StagesTuple,
    state::{HasCorpus, HasExecutions},
};
use std::{
    env,
    hash::{BuildHasher, Hasher, RandomState},
    io::Write,
    path::PathBuf,
    time::Duration,
};
use tine_controller::{ForkServer, Launch, TargetInfo};

/// Tokens that come with the target and are shorter or longer are of no use.
const USEFUL_TOKENS: std::ops::RangeInclusive<usize> = 1..=dictionary::LONGEST;

/// Fuzzes until something ends the session. Returns what did.
///
/// # Errors
/// When it cannot begin, or cannot go on.
pub fn fuzz(args: &FuzzArgs) -> Result<Ending, FuzzError> {
    let instance = args.instance()?;
    if let Some(parent) = args.campaign {
        campaign::end_with(parent);
    }
    let mut tokens = Tokens::new();
    for path in &args.dictionary {
        tokens.add_tokens(&dictionary::load(path)?);
    }
    let seed_folder = match &args.input {
        SeedSource::Folder(folder) => Some(folder.as_path()),
        SeedSource::Resume => None,
    };
    let (folder, beginning) =
        OutputFolder::open(&args.output, instance.name.as_str(), seed_folder)?;
    match prepare(args, &folder, beginning) {
        Ok(prepared) => {
            Session::begin(args, &instance, folder, beginning, tokens, prepared)?.run(args)
        }
        Err(error) => {
            folder.abandon();
            Err(error)
        }
    }
}

/// A session that stands where its main loop would begin.
#[cfg(test)]
pub(super) fn begin(args: &FuzzArgs) -> Result<(Engine, ForkServerExecutor, State), FuzzError> {
    let seeds = match &args.input {
        SeedSource::Folder(folder) => Some(folder.as_path()),
        SeedSource::Resume => None,
    };
    let instance = args.instance()?;
    let (folder, beginning) = OutputFolder::open(&args.output, instance.name.as_str(), seeds)?;
    let prepared = prepare(args, &folder, beginning)?;
    let session = Session::begin(args, &instance, folder, beginning, Tokens::new(), prepared)?;
    Ok((session.engine, session.executor, session.state))
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
    sanitized: Option<Sanitized>,
    beside: Beside,
    strategy: Strategy,
    logger: Option<Logger>,
}

/// What lasts as long as the session.
type Beside = (Option<InputFile>, Option<Metrics>);

fn prepare(
    args: &FuzzArgs,
    folder: &OutputFolder,
    beginning: Beginning,
) -> Result<Prepared, FuzzError> {
    let mut seeds = match (&args.input, beginning) {
        (SeedSource::Folder(folder), Beginning::Fresh) => {
            seeds::load(folder, |flaw| say!("{flaw}"))?
        }
        _ => Vec::new(),
    };
    if target::is_set("AFL_SHUFFLE_QUEUE") {
        seeds::shuffle(&mut seeds, args.seed.unwrap_or_else(random_seed));
    }
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
    let input_file = InputFile::choose(args, folder.path())?;
    // Before this thread is bound to a core: its threads are not.
    let metrics = args.metrics.map(|it| metrics::serve(it, &args.output));
    let metrics = metrics.transpose()?;
    if let Some(metrics) = &metrics {
        say!("figures at {}", metrics.url());
    }
    let limit = args.timeout.map_or(LONGEST_RUN, |timeout| timeout.limit);
    let prepare = if args.non_instrumented {
        target::prepare_unchecked
    } else {
        target::prepare
    };
    let mut target = prepare(
        &args.target,
        input_file
            .as_ref()
            .map(InputFile::path)
            .or(args.file.as_deref()),
        folder.path(),
        limit,
        args.memory,
    )?;
    if args.non_instrumented {
        target.config.launch = Launch::Exec;
        if target.file.instrumented {
            let path = target.file.path.display();
            say!("{path} is instrumented: without -n its coverage leads to more");
        }
    }
    let remembered = remembered_inputs(args)?;
    let strategy = Strategy::new(&args.mutation)?;
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
    let mut server = ForkServer::start(target.config.clone())?;
    let mut logger = Logger::start(args, &target, folder.path())?;
    if let Some(logger) = &mut logger {
        logger.check(&mut server, &target.file.path, &seeds, folder)?;
    }
    let longest = hang_limit()?.max(limit);
    let sanitized = Sanitized::start(args, folder.path(), longest)?;
    Ok(Prepared {
        seeds,
        target,
        placement,
        remembered,
        custom,
        server,
        sanitized,
        beside: (input_file, metrics),
        strategy,
        logger,
    })
}

struct Session {
    engine: Engine,
    executor: ForkServerExecutor,
    state: State,
    _beside: Beside,
    redqueen: RedqueenStage,
}

impl Session {
    /// Lays out the output folder and fills the queue.
    fn begin(
        args: &FuzzArgs,
        instance: &Instance,
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
            sanitized,
            beside,
            mut strategy,
            logger,
        } = prepared;
        // From here on a signal ends the session in an orderly way.
        let control = Control::start().map_err(FuzzError::Control)?;
        let earlier = match beginning {
            Beginning::Resumed => Earlier::read(&folder.path().join("fuzzer_stats")),
            Beginning::Fresh => Earlier::default(),
        };
        folder.lay_out(beginning)?;
        let is_fresh = beginning == Beginning::Fresh;
        let redqueen = RedqueenStage::new(logger, folder.path(), is_fresh);
        let sync = Sync::open(args, instance, &folder, beginning, earlier.sync_time)?;
        let mut executor = ForkServerExecutor::new(server, remembered);
        executor.custom.clone_from(&custom);
        let info = executor.info();
        let command_line = shell::line(campaign::shown(env::args_os()));
        write_setup(args, &folder, &command_line)?;
        let facts = Facts {
            pid: std::process::id(),
            banner: banner(args, &target),
            mode: mode(args, info),
            command_line: command_line.clone(),
        };
        let has_tokens = !target::is_set("AFL_NO_AUTODICT");
        for token in info
            .dictionary
            .iter()
            .filter(|token| has_tokens && USEFUL_TOKENS.contains(&token.len()))
        {
            tokens.add_token(token);
        }
        let name = folder.path().file_name().unwrap_or_default();
        let statsd = Statsd::from_environment(&name.to_string_lossy())?;
        strategy.given_tokens = tokens.tokens().len();
        let mut state = new_state(args.seed.unwrap_or_else(random_seed))?;
        state.add_metadata(tokens);
        *state.executions_mut() = earlier.runs;
        let budget = corpus_memory(args)?;
        state.corpus_mut().keep_in(folder.queue(), budget);
        let status = match args.campaign {
            Some(_) => Status::silent(),
            None => Status::new(args.no_ui || target::is_set("AFL_NO_UI")),
        };
        let map_size = info.map_size;
        let words = map_size.div_ceil(8);
        let has_coverage = info.instrumented;
        let mut engine = Engine::new(
            words,
            Queue::new(args.seed.is_some())
                .with_schedule(args.schedule, args.sequential)
                .cycling(env::var_os("AFL_CYCLE_SCHEDULES").is_some()),
            limits(args, &earlier, target.config.timeout)?,
            folder,
            Account {
                replay: replay(args),
                command_line,
                on_crash: args.on_crash.clone(),
            },
            control,
            Progress::new(status, facts, placement.core(), &earlier).with_statsd(statsd),
        );
        engine.strategy = strategy;
        engine.custom = custom;
        engine.recall(&earlier);
        engine.sanitized = sanitized;
        engine.identity = Identity::of(&target, &args.target, map_size);
        engine.sync = sync;

        let imported = match beginning {
            Beginning::Fresh => engine.import_seeds(&mut state, &mut executor, seeds)?,
            Beginning::Resumed => engine.import_queue(&mut state, &mut executor)?,
        };
        engine.check_import(
            imported,
            &target.file.path,
            target.config.memory_limit,
            has_coverage,
        )?;
        engine.save_what_is_precious(&state);
        // Measured time would make a session with -s a different one each time.
        if args.timeout.is_none() && args.seed.is_none() {
            engine.limits.run = engine.automatic_limit();
            executor.set_timeout(engine.limits.run);
        }
        Ok(Self {
            engine,
            executor,
            state,
            _beside: beside,
            redqueen,
        })
    }

    fn run(mut self, args: &FuzzArgs) -> Result<Ending, FuzzError> {
        self.tell_beginning();
        let ended = self.fuzz();
        let ended = ended.and_then(|ending| {
            let synced = self.engine.sync_last(&mut self.state, &mut self.executor);
            synced.map(|()| ending)
        });
        self.engine.queue.cull();
        let snapshot = self.engine.snapshot(&self.state, &self.executor);
        let written = self.engine.write(&snapshot);
        if written.is_ok() {
            self.engine.save_state(&self.state);
        }
        // What broke off the session matters more than what follows from it.
        let ending = ended?;
        written?;
        self.engine.progress.clear();
        let Engine {
            folder, account, ..
        } = &self.engine;
        // The summary names paths as the user gave them.
        let instance = args
            .output
            .join(folder.path().file_name().unwrap_or_default());
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
        if args.campaign.is_some() {
            // The campaign has a summary of its own.
            return Ok(ending);
        }
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
            "{} in the corpus, {}, {mean} us a run, limit {} ms{core}",
            counted(snapshot.corpus, "testcase"),
            snapshot.coverage_words(),
            snapshot.limit.as_millis(),
        ));
    }

    /// The main loop: testcase after testcase, until something ends it.
    fn fuzz(&mut self) -> Result<Ending, FuzzError> {
        let Self {
            engine,
            executor,
            state,
            redqueen,
            ..
        } = self;
        let mut manager = NopEventManager::new();
        let mut stages = stages::all(&engine.strategy, std::mem::take(redqueen));
        let mut custom = stages::CustomStage::default();
        // The status line and the files show the seeds at once.
        engine.attend(state, executor)?;
        engine.sync_first(state, executor)?;
        loop {
            if let Some(ending) = engine.ending() {
                return Ok(ending);
            }
            engine.see_flaws(state);
            if engine.queue.active() == 0 {
                return Err(FuzzError::QueueGone(engine.folder.queue()));
            }
            let id = engine.queue.next(state)?;
            if !engine.is_at_hand(state, id)? {
                continue;
            }
            state.set_corpus_id(id)?;
            engine.score = energy::score(&mut engine.queue, id, *state.executions());
            let is_wanted = match &engine.custom {
                Some(mutators) => mutators.borrow_mut().want(id),
                None => true,
            };
            if engine.score > 0 && is_wanted {
                let only = engine.custom.as_ref();
                let performed = if only.is_some_and(|mutators| mutators.borrow().only) {
                    custom.work(engine, executor, state)
                } else {
                    stages.perform_all(engine, executor, state, &mut manager)
                };
                performed.map_err(|error| engine.failure(error))?;
            } else if engine.control.is_due() {
                // No run looks at it when one entry after another is passed over.
                engine.attend(state, executor)?;
            }
            state.clear_corpus_id()?;
            engine.queue.fuzzed(id);
            engine.sync_if_due(state, executor)?;
            if engine.limits.wishes.just_one {
                engine
                    .ending
                    .get_or_insert(Ending::Variable("AFL_BENCH_JUST_ONE"));
            }
        }
    }
}

impl Engine {
    /// Takes over the counters of an earlier part of the session.
    fn recall(&mut self, earlier: &Earlier) {
        self.counters.total_timeouts = earlier.total_timeouts;
        self.counters.total_crashes = earlier.total_crashes;
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
        until_crash: args.until_crash || target::is_set("AFL_BENCH_UNTIL_CRASH"),
        explore_crashes: args.explore_crashes,
        wishes: Wishes::read()?,
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

/// Bytes of the corpus that are kept in memory: what the user chose, or the default.
fn corpus_memory(args: &FuzzArgs) -> Result<usize, TargetError> {
    let chosen = match args.corpus_memory {
        Some(chosen) => Some(chosen),
        None => target::megabytes_variable("AFL_TESTCACHE_SIZE")?,
    };
    Ok(chosen.map_or(DEFAULT_BUDGET, |megabytes| {
        usize::try_from(megabytes.saturating_mul(1 << 20)).unwrap_or(usize::MAX)
    }))
}

/// A run that takes longer than this is a hang.
fn hang_limit() -> Result<Duration, TargetError> {
    target::duration_variable("AFL_HANG_TMOUT").map(|chosen| chosen.unwrap_or(LONGEST_RUN))
}

/// Different in each process.
fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The name that the figures have for the session: one line.
fn banner(args: &FuzzArgs, target: &Target) -> String {
    let name = || {
        let name = target.file.path.file_name();
        name.unwrap_or_default().to_string_lossy().into_owned()
    };
    let chosen = args.banner.clone().unwrap_or_else(name);
    chosen.replace(char::is_control, " ")
}

/// AFL's words for how the target is run.
fn mode(args: &FuzzArgs, info: &TargetInfo) -> String {
    let words: Vec<&str> = [
        (!info.instrumented, "non_instrumented"),
        (args.explore_crashes, "crash"),
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

/// How the target is run on what was found.
pub fn replay(args: &FuzzArgs) -> Replay {
    let mut options = Vec::new();
    if let Some(file) = &args.file {
        options.extend(["-f".into(), file.clone().into_os_string()]);
    }
    if let Some(extension) = &args.extension {
        options.extend(["-f".into(), format!("input.{extension}").into()]);
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
        sanitized: args.sanitized.clone(),
        direct: args.non_instrumented,
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
