//! What is measured, and how it is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::paths;

/// A word, and what a large input may be, in bytes.
pub const PAYLOADS: &[usize] = &[WORD, LARGE];
/// A word of the fork-server protocol.
pub const WORD: usize = 4;
/// 64 KiB.
pub const LARGE: usize = 65536;

/// A channel.
pub struct Mechanism {
    /// Its name on the command line of the program that measures.
    pub name: &'static str,
    /// Its name in the table.
    pub title: &'static str,
    /// How it carries 64 KiB, where that is not one call; or why it cannot.
    pub large: Large,
}

/// How 64 KiB go through.
pub enum Large {
    /// As a word does.
    Whole,
    /// In several messages.
    Pieces(&'static str),
    /// Not at all.
    No(&'static str),
}

impl Mechanism {
    /// Whether it can be measured with that many bytes.
    pub fn carries(&self, payload: usize) -> bool {
        payload == WORD || !matches!(self.large, Large::No(_))
    }
}

const fn whole(name: &'static str, title: &'static str) -> Mechanism {
    Mechanism {
        name,
        title,
        large: Large::Whole,
    }
}

const fn pieces(name: &'static str, title: &'static str, how: &'static str) -> Mechanism {
    Mechanism {
        name,
        title,
        large: Large::Pieces(how),
    }
}

/// All of them, as the table has them.
pub const MECHANISMS: &[Mechanism] = &[
    whole("pipe", "two pipes"),
    whole("fifo", "two FIFOs"),
    whole("unix-stream", "Unix socket, stream"),
    whole("unix-seqpacket", "Unix socket, seqpacket"),
    whole("tcp", "TCP, loopback"),
    pieces(
        "udp",
        "UDP, loopback",
        "2 datagrams of 32 KiB: one has at most 65,507 bytes",
    ),
    pieces(
        "sysv-queue",
        "System V queue",
        "8 messages of 8 KiB: the limit of Linux by default",
    ),
    pieces(
        "posix-queue",
        "two POSIX queues",
        "8 messages of 8 KiB: the limit of Linux by default",
    ),
    Mechanism {
        name: "signal",
        title: "real-time signal with a value",
        large: Large::No(
            "a signal carries 4 bytes; 16,384 of them would have to be pending, \
             and what is pending is limited for each user",
        ),
    },
    whole("shm-pipe", "shared memory, woken by pipes"),
    whole("shm-sysv-semaphore", "shared memory, System V semaphores"),
    whole("shm-posix-semaphore", "shared memory, POSIX semaphores"),
    whole("shm-futex", "shared memory, futex"),
    whole("shm-spin", "shared memory, spinning"),
];

/// Where the two processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cores {
    /// Both on core 0.
    One,
    /// On core 0 and core 1.
    Two,
}

impl Cores {
    /// For the command line.
    pub fn numbers(self) -> [&'static str; 2] {
        match self {
            Cores::One => ["0", "0"],
            Cores::Two => ["0", "1"],
        }
    }
}

/// All that one session of measuring came to.
#[derive(Serialize, Deserialize)]
pub struct Figures {
    pub date: String,
    pub machine: String,
    pub kernel: String,
    /// Processes that wanted to run, on average, when it began: not ours.
    pub load: f64,
    /// How often each channel had its turn.
    pub turns: usize,
    /// How long a turn was.
    pub seconds: f64,
    pub figures: Vec<Figure>,
    pub system_calls: Vec<Calls>,
}

/// A channel, a payload, a layout.
#[derive(Serialize, Deserialize)]
pub struct Figure {
    pub mechanism: String,
    pub payload: usize,
    pub cores: Cores,
    /// Of a round trip.
    pub nanoseconds: Spread,
    /// To the pair of pipes of the same turn.
    pub ratio: Spread,
}

/// The middle of some numbers, and where the middle half of them lies: what else runs on
/// a machine makes a few turns very slow, and those say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub median: f64,
    /// A quarter is below.
    pub low: f64,
    /// A quarter is above.
    pub high: f64,
}

impl Spread {
    /// Of at least one number.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            sorted
                .get(sorted.len().saturating_sub(1) * quarter / 4)
                .copied()
        };
        Some(Spread {
            median: at(2)?,
            low: at(1)?,
            high: at(3)?,
        })
    }
}

/// System calls of a round trip, both processes together, on one core.
#[derive(Serialize, Deserialize)]
pub struct Calls {
    pub mechanism: String,
    pub payload: usize,
    pub calls: BTreeMap<String, f64>,
}

impl Calls {
    /// Of all kinds.
    pub fn total(&self) -> f64 {
        // Not sum(): that of nothing is -0.
        self.calls.values().fold(0.0, |sum, count| sum + count)
    }
}

/// Where the figures of the book are.
pub fn file() -> PathBuf {
    paths::root().join("docs/data/channels.json")
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_few_turns_that_are_far_off_do_not_matter() {
        let turns = [5.0, 1.0, 900.0, 2.0, 3.0, 4.0, 800.0, 2.5, 3.5];
        let (median, low, high) = (3.5, 2.5, 5.0);
        assert_eq!(Spread::of(turns), Some(Spread { median, low, high }));
        let (median, low, high) = (7.0, 7.0, 7.0);
        assert_eq!(Spread::of([7.0]), Some(Spread { median, low, high }));
        assert_eq!(Spread::of([]), None);
    }
}
