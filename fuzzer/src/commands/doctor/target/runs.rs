//! Runs: on nothing, on a small input, and again.

use super::{Examination, start::shown_time};
use crate::{
    commands::doctor::finding::{Finding, Id, Level},
    modules,
};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};
use tine_controller::{ForkServer, InputRoute, Outcome, Pid, RunError, TargetConfig};

/// How often an input is repeated to see whether it takes the same edges.
const REPEATS: usize = 4;

/// How much longer a run over its limit may take, to tell how long it does.
const LONGER: u32 = 10;

/// But no longer than this.
const LONGEST: Duration = Duration::from_secs(20);

/// A run.
struct Ran {
    outcome: Outcome,
    time: Duration,
    /// Time of a first pass before it, which does not count.
    set_up: Duration,
    /// Words of the map that are not zero.
    map: Vec<(usize, u64)>,
}

impl Ran {
    fn edges(&self) -> usize {
        self.map
            .iter()
            .flat_map(|(_, word)| word.to_ne_bytes())
            .filter(|count| *count != 0)
            .count()
    }

    fn ended(&self) -> bool {
        !self.outcome.is_crash() && !self.outcome.is_timeout()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.outcome == other.outcome && self.map == other.map
    }
}

fn run(server: &mut ForkServer, input: &[u8], limit: Duration) -> Result<Ran, RunError> {
    server.map().clear();
    let began = Instant::now();
    let outcome = server.run_with_timeout(input, limit)?;
    let set_up = server.set_up_time();
    let time = began.elapsed().saturating_sub(set_up);
    let mut map = Vec::new();
    server
        .map()
        .take_nonzero(|index, word| map.push((index, word)));
    Ok(Ran {
        outcome,
        time,
        set_up,
        map,
    })
}

/// Runs the target. Returns whether it can be run.
pub fn examine(examination: &mut Examination<'_>, server: &mut ForkServer) -> bool {
    match try_examine(examination, server) {
        Ok(can_run) => can_run,
        Err(error) => {
            (examination.say)(
                Finding::fails(Id::InputRun, error.to_string())
                    .why("the fork server does not live through a run")
                    .remedy("tine trace -n 3 -- TARGET <INPUT     # shows each step"),
            );
            false
        }
    }
}

fn try_examine(
    examination: &mut Examination<'_>,
    server: &mut ForkServer,
) -> Result<bool, RunError> {
    let limit = examination.config.timeout;
    let input = examination.input.clone();
    let persistent = server.info().persistent;
    let mut say = |finding| (examination.say)(finding);

    // In persistent mode it also pays for the fork and what stands before the loop.
    let empty = run(server, b"", limit)?;
    if persistent {
        say(first_run(&empty, limit));
    }
    let watch = Watch::of(&examination.config.input);
    let full = run(server, &input, limit)?;
    let was_read = watch.saw(server.server_pid(), server.info().shm_input);

    let all_crash = empty.outcome.is_crash() && full.outcome.is_crash();
    say(outcome(Id::EmptyRun, &empty, all_crash, limit));
    let matters = examination.is_users || all_crash;
    say(outcome(Id::InputRun, &full, matters, limit));
    if empty.outcome.is_timeout() || full.outcome.is_timeout() {
        let finding = over_limit(server, &input, limit)?;
        say(finding);
        return Ok(false);
    }
    if empty.map.is_empty() && full.map.is_empty() && server.take_rejections() > 0 {
        let finding = Finding::note(Id::Coverage, "the harness rejects both inputs")
            .why("it returns -1, and such a run covers nothing");
        say(finding.remedy("tine doctor -i INPUT …     # one that it accepts"));
        return Ok(true);
    }
    if empty.map.is_empty() && full.map.is_empty() {
        say(Finding::fails(Id::Coverage, "no run takes any edge")
            .why("the code that runs is not instrumented: only a part of the program was compiled by tine-cc")
            .remedy("make clean && make CC=tine-cc CXX=tine-c++"));
        return Ok(true);
    }
    let reversed: Vec<u8> = input.iter().rev().copied().collect();
    let other = run(server, &reversed, limit)?;
    let is_same = full.is_like(&empty) && full.is_like(&other);
    if !all_crash {
        let config = &examination.config;
        say(input_finding(
            config,
            server.info().shm_input,
            was_read,
            is_same,
        ));
    }
    if full.ended() {
        let mut repeated = Vec::new();
        for _ in 0..REPEATS {
            repeated.push(run(server, &input, limit)?);
        }
        say(stability(&full, &repeated));
    }
    if let Some(names) = modules::counted_alone(server) {
        say(Finding::ok(
            Id::LateModules,
            format!("{names}: counted, though the fork server started before"),
        ));
    }
    for sentence in modules::sentences(server) {
        say(Finding::slower(Id::LateModules, sentence));
    }
    Ok(true)
}

fn outcome(id: Id, ran: &Ran, matters: bool, limit: Duration) -> Finding {
    let edges = ran.edges();
    let plural = if edges == 1 { "" } else { "s" };
    let what = format!(
        "{} after {}, {edges} edge{plural}",
        ran.outcome,
        shown_time(ran.time)
    );
    if ran.ended() {
        return Finding::ok(id, what);
    }
    if ran.outcome.is_timeout() {
        return Finding::fails(id, format!("over its limit of {}", shown_time(limit)));
    }
    let level = if matters { Level::Fails } else { Level::Note };
    let finding = Finding::new(id, level, what);
    match (id, matters) {
        (_, false) => finding.why("a bug, perhaps; fuzzing needs a seed that does not crash"),
        (Id::EmptyRun, true) => {
            finding.why("as does the other input: seeds that crash are passed over")
        }
        (_, true) => finding
            .why("seeds that crash are passed over; there has to be one that does not")
            .remedy("tine doctor -i SEED -- …     # with an input that the program reads well"),
    }
}

/// What the first input of a persistent child costs.
fn first_run(first: &Ran, limit: Duration) -> Finding {
    const REMEDY: &str = "__AFL_INIT();     /* behind the slow start, before the loop */";
    if first.outcome.is_timeout() {
        let what = format!("not over within {}", shown_time(first.time));
        return Finding::fails(Id::FirstRun, what)
            .why("the loop does not come back for the next input");
    }
    // Without a second pass the run was the first one.
    let took = first.set_up.max(first.time);
    let what = format!(
        "{} from fork to the end of the first pass",
        shown_time(took)
    );
    if took <= limit / 2 {
        return Finding::ok(Id::FirstRun, what);
    }
    Finding::slower(Id::FirstRun, what)
        .why(
            "each fresh child takes that long before its first input counts: after each crash, \
             timeout and exit",
        )
        .remedy(REMEDY)
}

fn longer(limit: Duration) -> Duration {
    limit.saturating_mul(LONGER).min(LONGEST.max(limit))
}

/// How long a run takes that is over the limit.
fn over_limit(server: &mut ForkServer, input: &[u8], limit: Duration) -> Result<Finding, RunError> {
    let longer = longer(limit);
    let again = run(server, input, longer)?;
    Ok(if again.outcome.is_timeout() {
        Finding::fails(
            Id::InputRun,
            format!("not over within {} either", shown_time(longer)),
        )
        .why("does it wait for its terminal, a socket, or for more input?")
        .remedy("tine trace -- TARGET <INPUT     # shows how far it comes")
    } else {
        Finding::fails(
            Id::InputRun,
            format!(
                "with more time: {} after {}",
                again.outcome,
                shown_time(again.time)
            ),
        )
        .remedy(format!(
            "tine fuzz -t {} …",
            again.time.as_millis().saturating_mul(3).max(20)
        ))
    })
}

fn input_finding(config: &TargetConfig, shared: bool, was_read: bool, is_same: bool) -> Finding {
    let program = config.program.display();
    let how = match (shared, &config.input) {
        (true, _) => "from shared memory",
        (false, InputRoute::Stdin) => "from standard input",
        (false, InputRoute::File(_) | InputRoute::OwnFile(_)) => "from its file",
    };
    if !is_same {
        return Finding::ok(Id::Input, format!("{how}; it makes a difference"));
    }
    if was_read {
        return Finding::slower(
            Id::Input,
            format!("{how}; three inputs took the same edges"),
        )
        .why("it looks at its input, but not far: it may need a valid one, or other arguments")
        .remedy("tine doctor -i SEED -- …     # with an input that the program reads well");
    }
    match &config.input {
        InputRoute::Stdin => Finding::fails(Id::Input, "it does not read its standard input")
            .why("every run would be the same; a program that reads a file needs @@ for its name")
            .remedy(format!("tine fuzz … -- {program} @@")),
        InputRoute::File(_) | InputRoute::OwnFile(_) => Finding::fails(Id::Input, "it does not read the file of @@")
            .why("every run would be the same: does the name need an option before it, or does the program read standard input?")
            .remedy(format!("tine fuzz … -- {program}     # without @@, for standard input")),
    }
}

fn stability(first: &Ran, repeated: &[Ran]) -> Finding {
    let differing = repeated.iter().filter(|ran| !ran.is_like(first)).count();
    if differing == 0 {
        return Finding::ok(
            Id::Stability,
            format!(
                "{} runs on one input took the same edges",
                repeated.len() + 1
            ),
        );
    }
    Finding::slower(
        Id::Stability,
        format!("{differing} of {} runs on one input differ", repeated.len()),
    )
    .why(
        "time, threads, random numbers or what an earlier pass left in memory; edges that come \
         and go look like news",
    )
    .remedy("srand(0);     /* and nothing from the clock; reset globals in the loop */")
}

/// Watches whether the target reads its input.
enum Watch {
    /// The position in its standard input tells.
    Stdin,
    /// Its folder is watched.
    File(Inotify, std::ffi::OsString),
    /// It cannot be told.
    Unknown,
}

impl Watch {
    fn of(route: &InputRoute) -> Self {
        match route {
            InputRoute::Stdin => Self::Stdin,
            InputRoute::File(path) | InputRoute::OwnFile(path) => {
                Self::file(path).unwrap_or(Self::Unknown)
            }
        }
    }

    /// The folder: the file may be written anew for a run.
    fn file(path: &Path) -> Option<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok()?;
        let flags = AddWatchFlags::IN_ACCESS | AddWatchFlags::IN_CLOSE_NOWRITE;
        inotify.add_watch(path.parent()?, flags).ok()?;
        Some(Self::File(inotify, path.file_name()?.to_owned()))
    }

    /// Whether the input was read in the meantime. Where it cannot be told: yes.
    fn saw(&self, server: Option<Pid>, shared: bool) -> bool {
        if shared {
            return true;
        }
        match self {
            Self::Unknown => true,
            Self::File(inotify, name) => inotify
                .read_events()
                .is_ok_and(|events| events.iter().any(|event| event.name.as_ref() == Some(name))),
            // The server's standard input is the same open file as the child's.
            Self::Stdin => {
                let read = |pid| fs::read_to_string(format!("/proc/{pid}/fdinfo/0")).ok();
                server.and_then(read).is_none_or(|facts| {
                    let position = facts.lines().find_map(|line| line.strip_prefix("pos:"));
                    position.is_none_or(|position| position.trim() != "0")
                })
            }
        }
    }
}
