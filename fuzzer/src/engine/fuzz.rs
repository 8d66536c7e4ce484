//! A session from its configuration to its end, and the main loop.

use super::{
    config::{Config, SeedSource},
    control::Control,
    corpus::{Corpus, Inputs, Queue},
    coverage::Coverage,
    dictionary,
    error::FuzzError,
    events::{Event, Events},
    executor::Executor,
    input_file::InputFile,
    mutate::Tokens,
    mutation::Mutation,
    prepare::{Prepared, prepare},
    progress::Progress,
    session::{Account, Finds, Session, Stop, Tally},
    settings::{banner, corpus_memory, mode, random_seed, write_setup},
    stages::{RedqueenStage, Stages, Turn},
    state_file::{Identity, StateFile},
    sync::Sync,
};
use crate::{
    processes::EndBySignal,
    report::{
        counted,
        folder::{self, Beginning, FolderError, OutputFolder},
        stats::{Earlier, Facts, Snapshot},
        summary::{Ending, Find},
    },
};
use fast_rands::StdRand;
use std::path::PathBuf;

/// Tokens that come with the target and are shorter or longer are of no use.
const USEFUL_TOKENS: std::ops::RangeInclusive<usize> = 1..=dictionary::LONGEST;

/// A session that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What ended it.
    pub ending: Ending,
    /// The last figures.
    pub snapshot: Snapshot,
    /// The folder of the instance, as the user named it.
    pub folder: PathBuf,
    /// The first crash.
    pub crash: Option<Find>,
    /// The first hang.
    pub hang: Option<Find>,
}

/// Fuzzes until something ends the session. Returns what did, and what came of it; the
/// target's processes are gone then.
///
/// # Errors
/// When it cannot begin, or cannot go on.
pub fn fuzz(config: &Config, mut events: Events) -> Result<Ended, FuzzError> {
    let mut tokens = Tokens::default();
    let mut read = 0;
    for path in &config.dictionaries {
        let dictionary = dictionary::load(path)?;
        for remark in &dictionary.remarks {
            events.warn(format_args!("{remark}"));
        }
        read += dictionary.tokens.len();
        dictionary.tokens.iter().for_each(|token| tokens.add(token));
    }
    if !tokens.all().is_empty() && !config.in_campaign {
        // The same token may be written several times.
        let different = counted(tokens.all().len() as u64, "token");
        if tokens.all().len() < read {
            let read = counted(read as u64, "place");
            events.note(format_args!(
                "{different} by -x, from {read} in the dictionaries"
            ));
        } else {
            events.note(format_args!("{different} by -x"));
        }
    }
    let (folder, beginning) = open(config)?;
    // A signal ends this process until there is a session.
    let end_by_signal = config.heeds_signals.then(EndBySignal::start);
    let end_by_signal = end_by_signal.transpose().map_err(FuzzError::Control)?;
    match prepare(config, &mut events, &folder, beginning) {
        Ok(prepared) => {
            // From here on a signal ends the session in an orderly way.
            let control = if config.heeds_signals {
                Control::start()
            } else {
                Control::without_signals()
            };
            let control = control.map_err(FuzzError::Control)?;
            drop(end_by_signal);
            let opened = (folder, beginning);
            Fuzzer::begin(config, events, opened, tokens, prepared, control)?.run(config)
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
pub(super) fn begin(config: &Config) -> Result<Session, FuzzError> {
    let mut events = Events::default();
    let opened = open(config)?;
    let prepared = prepare(config, &mut events, &opened.0, opened.1)?;
    let control = Control::start().map_err(FuzzError::Control)?;
    let tokens = Tokens::default();
    let fuzzer = Fuzzer::begin(config, events, opened, tokens, prepared, control)?;
    Ok(fuzzer.session)
}

/// A session, and what is done with its testcases.
struct Fuzzer {
    session: Session,
    stages: Stages,
    _input_file: InputFile,
}

impl Fuzzer {
    /// Lays out the output folder and fills the corpus.
    fn begin(
        config: &Config,
        mut events: Events,
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
            input_file,
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
        let executor = Executor::new(server, config.replay_inputs);
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
            tokens.add(token);
        }
        strategy.given_tokens = tokens.all().len();
        let inputs = Inputs::new(folder.queue(), corpus_memory(config));
        let (map_size, has_coverage) = (info.map_size, info.instrumented);
        events.emit(&Event::Began {
            folder: folder.path(),
            facts: &facts,
        });
        let progress = Progress::new(events, placement.core(), &earlier);
        let limits = config.limits(earlier.runs, target.config.timeout);
        let account = Account {
            replay: config.record.replay.clone(),
            command_line,
            no_readme: limits.wishes.no_readme,
        };
        let scheduling = config.scheduling;
        let queue = Queue::new(config.seed.is_some())
            .with_schedule(scheduling.schedule, scheduling.sequential)
            .cycling(scheduling.cycles);
        let identity = Identity::of(&target, &config.program.command, map_size);
        let mut session = Session {
            target: executor,
            coverage: Coverage::new(map_size.div_ceil(8))
                .blind(!has_coverage)
                .exploring_crashes(limits.explore_crashes),
            corpus: Corpus { inputs, queue },
            mutation: Mutation {
                rand: StdRand::with_seed(config.seed.unwrap_or_else(random_seed)),
                tokens,
                strategy,
                custom,
            },
            finds: Finds::new(folder, account),
            stop: Stop::new(control, limits),
            tally: Tally::new(progress, &earlier),
            exchange: sync,
            sanitized,
            state_file: StateFile::new(identity),
        };
        let imported = match beginning {
            Beginning::Fresh => session.import_seeds(seeds)?,
            Beginning::Resumed => session.import_queue(config.record.forgets)?,
        };
        session.check_import(
            imported,
            &target.file.path,
            target.config.memory_limit,
            has_coverage,
        )?;
        session.save_what_is_precious();
        // Measured time would make a session with -s a different one each time.
        if config.program.timeout.is_none() && config.seed.is_none() {
            session.stop.limits.run = session.automatic_limit();
        }
        Ok(Self {
            stages: Stages::new(&session.mutation.strategy, redqueen),
            session,
            _input_file: input_file,
        })
    }

    fn run(mut self, config: &Config) -> Result<Ended, FuzzError> {
        self.tell_beginning();
        let ended = turns(&mut self.session, &mut self.stages);
        let session = &mut self.session;
        let ended = ended.and_then(|ending| session.sync_last().map(|()| ending));
        session.corpus.queue.cull();
        let snapshot = session.snapshot();
        let events = &mut session.tally.progress.events;
        events.emit(&Event::Ended {
            snapshot: &snapshot,
        });
        let written = events.check();
        if written.is_ok() {
            session.save_state();
            session.finish_syncing();
        }
        // What broke off the session matters more than what follows from it.
        let ending = ended?;
        written?;
        let folder = &session.finds.folder;
        // Whoever tells of it names paths as the user gave them.
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
        Ok(Ended {
            ending,
            crash: first(folder.crashes(), "crashes")?,
            hang: first(folder.hangs(), "hangs")?,
            folder: instance.clone(),
            snapshot,
        })
    }

    fn tell_beginning(&mut self) {
        let session = &mut self.session;
        let snapshot = session.snapshot();
        let queue = &session.corpus.queue;
        let mean = queue.totals().exec_us / (queue.len() as u64).max(1);
        let core = snapshot
            .core
            .map_or_else(String::new, |core| format!(", on core {core}"));
        session.tally.progress.events.note(format_args!(
            "{} in the corpus, {}, {mean} us a run, limit {} ms{core}",
            counted(snapshot.corpus, "testcase"),
            snapshot.coverage_words(),
            snapshot.limit.as_millis(),
        ));
    }
}

/// The main loop: testcase after testcase, until something ends it.
fn turns(session: &mut Session, stages: &mut Stages) -> Result<Ending, FuzzError> {
    // The status line and the files show the seeds at once.
    session.attend()?;
    session.sync_first()?;
    loop {
        if let Some(ending) = session.stop.ending() {
            return Ok(ending);
        }
        session.see_problems();
        let runs = session.tally.runs;
        let (corpus, mutation) = (&mut session.corpus, &mut session.mutation);
        let Some(id) = corpus.queue.next(&mut mutation.rand, runs) else {
            return Err(FuzzError::QueueGone(session.finds.folder.queue()));
        };
        if !session.is_at_hand(id) {
            continue;
        }
        let score = session.corpus.queue.score(id, runs);
        if score > 0 && session.is_wanted(id) {
            let turn = Turn::new(session, id, score);
            stages.perform(session, &turn)?;
        } else {
            // No run looks at it when one entry after another is skipped.
            session.attend_if_due()?;
        }
        session.corpus.queue.fuzzed(id);
        session.sync_if_due()?;
        if session.stop.limits.wishes.just_one {
            session.stop.end(Ending::Variable("AFL_BENCH_JUST_ONE"));
        }
    }
}

#[cfg(test)]
mod tests;
