//! From the command line to the summary.

use super::{
    State,
    config::{Config, Limits, SeedSource},
    control::Control,
    dictionary, energy,
    error::FuzzError,
    executor::ForkServerExecutor,
    judge::{Account, Engine},
    new_state,
    prepare::{Beside, Prepared, prepare},
    progress::Progress,
    queue::Queue,
    resume::Identity,
    settings::{banner, corpus_memory, mode, random_seed, write_setup},
    stages,
    stages::RedqueenStage,
    sync::Sync,
};
use crate::{
    processes::EndBySignal,
    report::{
        counted,
        folder::{self, Beginning, FolderError, OutputFolder},
        metrics::MetricsAddress,
        stats::{Earlier, Facts},
        statsd::Statsd,
        summary::{self, Ending, Find},
    },
    ui::Status,
};
use libafl::{
    HasMetadata,
    corpus::HasCurrentCorpusId,
    events::NopEventManager,
    mutators::Tokens,
    schedulers::Scheduler,
    stages::StagesTuple,
    state::{HasCorpus, HasExecutions},
};
use std::{ffi::OsString, io::Write, path::PathBuf};

/// Tokens that come with the target and are shorter or longer are of no use.
const USEFUL_TOKENS: std::ops::RangeInclusive<usize> = 1..=dictionary::LONGEST;

/// Who is told about a session.
#[derive(Debug)]
pub struct Told {
    /// The status line.
    pub status: Status,
    /// StatsD.
    pub statsd: Option<Statsd>,
    /// Where figures are served.
    pub metrics: Option<MetricsAddress>,
    /// Command at a new crash.
    pub on_crash: Option<OsString>,
}

/// Fuzzes until something ends the session. Returns what did.
///
/// # Errors
/// When it cannot begin, or cannot go on.
pub fn fuzz(config: &Config, told: Told) -> Result<Ending, FuzzError> {
    let mut tokens = Tokens::new();
    let mut read = 0;
    for path in &config.dictionaries {
        let dictionary = dictionary::load(path)?;
        for remark in &dictionary.remarks {
            say!("{remark}");
        }
        read += dictionary.tokens.len();
        tokens.add_tokens(&dictionary.tokens);
    }
    if !tokens.is_empty() && !config.in_campaign {
        // The same token may be written several times.
        let different = counted(tokens.len() as u64, "token");
        if tokens.len() < read {
            let read = counted(read as u64, "place");
            say!("{different} by -x, from {read} in the dictionaries");
        } else {
            say!("{different} by -x");
        }
    }
    let (folder, beginning) = open(config)?;
    // A signal ends this process until there is a session.
    let end_by_signal = EndBySignal::start().map_err(FuzzError::Control)?;
    match prepare(config, told.metrics, &folder, beginning) {
        Ok(prepared) => {
            // From here on a signal ends the session in an orderly way.
            let control = Control::start().map_err(FuzzError::Control)?;
            drop(end_by_signal);
            let opened = (folder, beginning);
            Session::begin(config, told, opened, tokens, prepared, control)?.run(config)
        }
        Err(error) => {
            folder.abandon();
            Err(error)
        }
    }
}

/// The folder of the instance, and what there is to begin with.
fn open(config: &Config) -> Result<(OutputFolder, Beginning), FolderError> {
    let seeds = match &config.seeds {
        SeedSource::Folder(folder) => Some(folder.as_path()),
        SeedSource::Resume => None,
    };
    let name = config.instance.name.as_str();
    OutputFolder::open(&config.output, name, seeds, config.resumes)
}

/// A session that stands where its main loop would begin.
#[cfg(test)]
pub(super) fn begin(config: &Config) -> Result<(Engine, ForkServerExecutor, State), FuzzError> {
    use crate::environment::Variables;
    let told = Told {
        status: Status::silent(&Variables::default()),
        statsd: None,
        metrics: None,
        on_crash: None,
    };
    let opened = open(config)?;
    let prepared = prepare(config, None, &opened.0, opened.1)?;
    let control = Control::start().map_err(FuzzError::Control)?;
    let tokens = Tokens::new();
    let session = Session::begin(config, told, opened, tokens, prepared, control)?;
    Ok((session.engine, session.executor, session.state))
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
        config: &Config,
        told: Told,
        (folder, beginning): (OutputFolder, Beginning),
        mut tokens: Tokens,
        prepared: Prepared,
        control: Control,
    ) -> Result<Self, FuzzError> {
        let Prepared {
            seeds,
            target,
            placement,
            custom,
            server,
            sanitized,
            beside,
            mut strategy,
            logger,
        } = prepared;
        let earlier = match beginning {
            Beginning::Resumed => Earlier::read(&folder.path().join("fuzzer_stats")),
            Beginning::Fresh => Earlier::default(),
        };
        folder.lay_out(beginning)?;
        let is_fresh = beginning == Beginning::Fresh;
        let redqueen = RedqueenStage::new(logger, config.compare.only_new, folder.path(), is_fresh);
        let sync = Sync::open(config, &folder, beginning, earlier.sync_time)?;
        let mut executor = ForkServerExecutor::new(server, config.replay_inputs);
        executor.custom.clone_from(&custom);
        let info = executor.info();
        write_setup(config, &folder)?;
        let command_line = config.record.command_line.clone();
        let facts = Facts {
            pid: std::process::id(),
            banner: banner(config, &target),
            mode: mode(config, info),
            command_line: command_line.clone(),
        };
        let has_tokens = config.uses_auto_tokens;
        for token in info
            .dictionary
            .iter()
            .filter(|token| has_tokens && USEFUL_TOKENS.contains(&token.len()))
        {
            tokens.add_token(token);
        }
        strategy.given_tokens = tokens.tokens().len();
        let mut state = new_state(config.seed.unwrap_or_else(random_seed))?;
        state.add_metadata(tokens);
        *state.executions_mut() = earlier.runs;
        let budget = corpus_memory(config);
        state.corpus_mut().keep_in(folder.queue(), budget);
        let map_size = info.map_size;
        let words = map_size.div_ceil(8);
        let has_coverage = info.instrumented;
        let mut engine = Engine::new(
            words,
            Queue::new(config.seed.is_some())
                .with_schedule(config.scheduling.schedule, config.scheduling.sequential)
                .cycling(config.scheduling.cycles),
            Limits::of(config, earlier.runs, target.config.timeout),
            folder,
            Account {
                replay: config.record.replay.clone(),
                command_line,
                on_crash: told.on_crash,
            },
            control,
            Progress::new(told.status, facts, placement.core(), &earlier).with_statsd(told.statsd),
        );
        engine.strategy = strategy;
        engine.custom = custom;
        engine.recall(&earlier);
        engine.sanitized = sanitized;
        engine.identity = Identity::of(&target, &config.program.command, map_size);
        engine.sync = sync;

        let imported = match beginning {
            Beginning::Fresh => engine.import_seeds(&mut state, &mut executor, seeds)?,
            Beginning::Resumed => {
                let forgets = config.record.forgets;
                engine.import_queue(&mut state, &mut executor, forgets)?
            }
        };
        engine.check_import(
            imported,
            &target.file.path,
            target.config.memory_limit,
            has_coverage,
        )?;
        engine.save_what_is_precious(&state);
        // Measured time would make a session with -s a different one each time.
        if config.program.timeout.is_none() && config.seed.is_none() {
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

    fn run(mut self, config: &Config) -> Result<Ending, FuzzError> {
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
            self.engine.finish_syncing();
        }
        // What broke off the session matters more than what follows from it.
        let ending = ended?;
        written?;
        self.engine.progress.clear();
        let Engine {
            folder, account, ..
        } = &self.engine;
        // The summary names paths as the user gave them.
        let instance = config
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
        if config.in_campaign {
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
            if engine.score > 0 && engine.is_wanted(state, id) {
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
