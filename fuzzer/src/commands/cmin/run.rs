//! Running all inputs, on several fork servers at once.

use super::traces::{Encoded, Traces};
use crate::{
    commands::corpus::{self, ToolError, listing::Input},
    engine::Control,
    report::text::{counted, grouped},
    ui::Line,
};
use std::{
    io,
    path::Path,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
        mpsc::{self, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};
use tine_controller::{ForkServer, Outcome, RunError};

/// So many sentences about single inputs; the others are counted.
const MOST_SENTENCES: u64 = 10;

/// Results that wait to be taken in, before fork servers have to wait.
const WAITING: usize = 256;

/// Which runs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Those that end by themselves.
    pub ended: bool,
    /// Those that crash.
    pub crashed: bool,
    /// Those over their limit.
    pub timed_out: bool,
    /// Only edges matter, not how often they are taken.
    pub edges_only: bool,
    /// The name of each is printed.
    pub prints: bool,
}

/// What became of the inputs.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many were run.
    pub ran: u64,
    /// How many crashed.
    pub crashed: Vec<u32>,
    /// How many were over the limit.
    pub timed_out: u64,
    /// How many could not be read, or took the fork server along.
    pub failed: u64,
    /// How many are longer than what the target is given.
    pub cut: u64,
    /// The first one that was not wanted.
    pub first_unwanted: Option<(u32, Outcome)>,
    sentences: u64,
}

/// What a worker has to say.
enum Message {
    Ran {
        input: u32,
        outcome: Outcome,
        trace: Encoded,
        micros: u32,
        cut: bool,
    },
    Unreadable(u32, io::Error),
    Lost(u32, RunError),
    /// It cannot go on.
    Broken(u32, RunError),
}

/// Runs `inputs`, and takes the traces in that are wanted. A signal ends it early.
///
/// # Errors
/// When the target cannot be run any more, or the traces cannot be kept.
pub fn run_all(
    servers: &mut [ForkServer],
    inputs: &[Input],
    wanted: Wanted,
    control: &Control,
    line: &mut Line,
    traces: &mut Traces,
    folder: &Path,
) -> Result<Tally, ToolError> {
    let next = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    let began = Instant::now();
    let mut tally = Tally::default();
    thread::scope(|scope| {
        for server in servers {
            let (sender, next, over) = (sender.clone(), &next, &over);
            scope.spawn(move || work(server, inputs, wanted, control, next, over, &sender));
        }
        drop(sender);
        let mut result = Ok(());
        for message in receiver {
            if result.is_ok() {
                result = tally.take(message, inputs, wanted, traces, folder, line);
                if result.is_err() {
                    // The workers end after their run.
                    over.store(true, Relaxed);
                }
            }
            line.show(|| progress(&tally, inputs.len(), began.elapsed()));
        }
        result
    })?;
    line.clear();
    if tally.sentences > MOST_SENTENCES {
        let more = counted(tally.sentences - MOST_SENTENCES, "other");
        line.note(format_args!("{more} passed over for reasons like these"));
    }
    Ok(tally)
}

fn progress(tally: &Tally, count: usize, since: Duration) -> String {
    let speed = (tally.ran as f64 / since.as_secs_f64().max(0.001)) as u64;
    format!(
        "{} of {} run, {}/s",
        grouped(tally.ran + tally.failed),
        counted(count as u64, "input"),
        grouped(speed)
    )
}

fn work(
    server: &mut ForkServer,
    inputs: &[Input],
    wanted: Wanted,
    control: &Control,
    next: &AtomicUsize,
    over: &AtomicBool,
    sender: &SyncSender<Message>,
) {
    let prints = wanted.prints;
    loop {
        let number = next.fetch_add(1, Relaxed);
        let Some(input) = inputs.get(number) else {
            return;
        };
        if over.load(Relaxed) || control.signal().is_some() {
            return;
        }
        if prints {
            use io::Write;
            // Nobody may be reading.
            let _ = writeln!(io::stdout(), "{}", input.path.display());
        }
        let number = number as u32;
        let message = match corpus::read(&input.path) {
            Err(error) => Message::Unreadable(number, error),
            Ok((bytes, cut)) => {
                server.map().clear();
                let start = Instant::now();
                match server.run(&bytes) {
                    Ok(outcome) if control.broke_off(outcome) => return,
                    Ok(outcome) => Message::Ran {
                        input: number,
                        outcome,
                        micros: microseconds(start.elapsed().saturating_sub(server.set_up_time())),
                        trace: Encoded::take(server.map(), wanted.edges_only),
                        cut,
                    },
                    Err(_) if control.signal().is_some() => return,
                    Err(error) if error.is_of_input() => Message::Lost(number, error),
                    Err(error) => Message::Broken(number, error),
                }
            }
        };
        if sender.send(message).is_err() {
            return;
        }
    }
}

/// As many as fit.
fn microseconds(time: Duration) -> u32 {
    time.as_micros().try_into().unwrap_or(u32::MAX)
}

impl Tally {
    fn take(
        &mut self,
        message: Message,
        inputs: &[Input],
        wanted: Wanted,
        traces: &mut Traces,
        folder: &Path,
        line: &mut Line,
    ) -> Result<(), ToolError> {
        let path = |input: u32| &inputs[input as usize].path;
        let (input, what) = match message {
            Message::Ran {
                input,
                outcome,
                trace,
                micros,
                cut,
            } => {
                self.ran += 1;
                self.cut += u64::from(cut);
                let is_wanted = if outcome.is_crash() {
                    self.crashed.push(input);
                    wanted.crashed
                } else if outcome.is_timeout() {
                    self.timed_out += 1;
                    wanted.timed_out
                } else {
                    wanted.ended
                };
                if is_wanted && !trace.is_empty() {
                    let added = traces.add(input, micros, &trace);
                    added.map_err(ToolError::output(folder))?;
                } else if !is_wanted {
                    let first = self.first_unwanted.get_or_insert((input, outcome));
                    if input < first.0 {
                        *first = (input, outcome);
                    }
                }
                return Ok(());
            }
            Message::Broken(input, source) => {
                return Err(ToolError::Run {
                    path: path(input).clone(),
                    source,
                });
            }
            Message::Unreadable(input, error) => (input, format!("cannot be read: {error}")),
            Message::Lost(input, error) => (input, format!("is passed over: {error}")),
        };
        self.failed += 1;
        self.sentences += 1;
        if self.sentences <= MOST_SENTENCES {
            line.note(format_args!("{} {what}", path(input).display()));
        }
        Ok(())
    }
}
