//! A session over a fake target, for tests.

use super::{Account, Finds, Session, Stop, Tally};
use crate::{
    engine::{
        config::{Limits, Schedule, Wishes},
        control::Control,
        corpus::{Corpus, Inputs, Queue},
        coverage::Coverage,
        events::Events,
        executor::{
            Executor,
            fake::{EDGES, FakeMap, FakeTarget},
        },
        mutate::Tokens,
        mutation::Mutation,
        progress::Progress,
        seeds::Seed,
        state_file::{Identity, StateFile},
        strategy::Strategy,
        sync::Sync,
    },
    report::{folder::OutputFolder, stats::Earlier, summary::Replay},
};
use fast_rands::StdRand;
use std::{fs, path::Path, time::Duration};
use tine_controller::{LossReason, Outcome, RunError};

/// What a word leads to.
const WORD: &[u8] = b"bug!";

/// Compares the input with [`WORD`], letter by letter. Each letter that is right is an
/// edge, and the whole word a crash. Other inputs begin with what they lead to.
pub fn program(input: &[u8], map: &FakeMap) -> Result<Outcome, RunError> {
    map.hit(0);
    let right = input
        .iter()
        .zip(WORD)
        .take_while(|(one, other)| one == other);
    let right = right.count();
    (0..right).for_each(|letter| map.hit(8 + letter));
    match input {
        _ if right == WORD.len() => Ok(Outcome::Signaled {
            signal: 6,
            core: false,
        }),
        [b'@', b's', ..] => Ok(Outcome::TimedOut),
        [b'@', b'l', ..] => Err(RunError::Lost {
            attempts: 3,
            reason: LossReason::Ended,
        }),
        _ => Ok(Outcome::Exited(0)),
    }
}

/// A repeatable session in `folder` over [`program`], which ends after `runs` runs.
pub fn session(folder: &Path, seed: u64, runs: u64) -> Session {
    session_over(FakeTarget::new(program), folder, seed, runs)
}

/// The same over another target.
pub fn session_over(target: FakeTarget, folder: &Path, seed: u64, runs: u64) -> Session {
    // No seeds: what is there is resumed.
    let seeds = Some(Path::new("/nonexistent"));
    let (output, beginning) = OutputFolder::open(folder, "default", seeds, true).expect("a folder");
    output.lay_out(beginning).expect("its folders");
    let account = Account {
        replay: Replay {
            tine: "tine".into(),
            options: Vec::new(),
            target: vec!["target".into()],
            placeholder: None,
            sanitized: Vec::new(),
            direct: false,
        },
        command_line: "tine fuzz".into(),
        no_readme: false,
    };
    let limits = Limits {
        run: Duration::from_millis(100),
        hang: Duration::from_secs(1),
        runs,
        time: None,
        until_crash: false,
        explore_crashes: false,
        wishes: Wishes::default(),
    };
    let earlier = Earlier::default();
    let progress = Progress::new(Events::default(), None, &earlier);
    Session {
        target: Executor::of_fake(target),
        coverage: Coverage::new(EDGES / 8),
        corpus: Corpus {
            inputs: Inputs::new(output.queue(), 1 << 20),
            queue: Queue::new(true).with_schedule(Schedule::default(), false),
        },
        mutation: Mutation {
            rand: StdRand::with_seed(seed),
            tokens: Tokens::default(),
            strategy: Strategy::default(),
            custom: None,
        },
        finds: Finds::new(output, account),
        stop: Stop::new(Control::still(), limits),
        tally: Tally::new(progress, &earlier),
        exchange: Sync::default(),
        sanitized: None,
        state_file: StateFile::new(Some(Identity::fake(EDGES))),
    }
}

/// A seed of these bytes.
pub fn seed(bytes: &[u8]) -> Seed {
    Seed {
        path: "seeds/a".into(),
        bytes: bytes.to_vec(),
    }
}

/// The names in a folder of a session, without the times in them.
pub fn names(folder: &Path, kind: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.join("default").join(kind)).expect("a folder");
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("id:"))
        .map(|name| {
            let fields = name.split(',').filter(|field| !field.starts_with("time:"));
            fields.collect::<Vec<_>>().join(",")
        })
        .collect();
    names.sort();
    names
}
