//! How a run ended, and what it covered.

use std::fmt;
use tine_controller::{CoverageMap, Outcome as Ended, signal_name};

/// How a run ended, and the edges that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    end: End,
    edges: Edges,
}

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// It came to the end of a pass of its persistent loop, or its harness returned.
    Returned,
    /// It exited with the code that means a crash: the one of
    /// [`Program::crash_exit_code`](crate::Program::crash_exit_code), or a sanitizer's.
    CrashExit(i32),
    /// This signal ended it.
    Signaled(i32),
    /// It was over its limit of time, and was killed.
    TimedOut,
}

impl Outcome {
    pub(super) fn new(ended: Ended, edges: Edges) -> Self {
        let end = match ended {
            Ended::Exited(code) => End::Exited(code),
            Ended::LoopDone => End::Returned,
            Ended::CrashExit(code) => End::CrashExit(code),
            Ended::Signaled { signal, .. } => End::Signaled(signal),
            Ended::TimedOut => End::TimedOut,
        };
        Self { end, edges }
    }

    /// The end of the run.
    #[must_use]
    pub const fn end(&self) -> End {
        self.end
    }

    /// Whether it ended by itself: neither a crash nor a timeout. Any exit code will do.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self.end, End::Exited(_) | End::Returned)
    }

    /// Whether it crashed.
    #[must_use]
    pub const fn is_crash(&self) -> bool {
        matches!(self.end, End::CrashExit(_) | End::Signaled(_))
    }

    /// Whether it was over its limit of time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self.end, End::TimedOut)
    }

    /// The code that it exited with, if it did.
    #[must_use]
    pub const fn exit_code(&self) -> Option<i32> {
        match self.end {
            End::Exited(code) | End::CrashExit(code) => Some(code),
            _ => None,
        }
    }

    /// The signal that ended it, if one did.
    #[must_use]
    pub const fn signal(&self) -> Option<i32> {
        match self.end {
            End::Signaled(signal) => Some(signal),
            _ => None,
        }
    }

    /// The edges that the run took. None for a program that is not instrumented.
    #[must_use]
    pub const fn edges(&self) -> &Edges {
        &self.edges
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.end.fmt(f)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Returned => f.write_str("returned"),
            Self::CrashExit(code) => write!(f, "crashed (exit code {code})"),
            Self::Signaled(signal) => {
                write!(f, "crashed by signal {signal} ({})", signal_name(*signal))
            }
            Self::TimedOut => f.write_str("ran over its limit of time and was killed"),
        }
    }
}

/// A set of edges, each with the number of times that a run took it.
///
/// An edge is a step from one piece of code to another. Its number means the same in
/// every run of one file. The count stops being exact at 255.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edges(Vec<(u32, u8)>);

impl Edges {
    /// Takes the counters out of the map.
    pub(super) fn take(map: &CoverageMap) -> Self {
        let mut edges = Vec::new();
        map.take_nonzero(|word, counters| {
            for (place, count) in counters.to_ne_bytes().into_iter().enumerate() {
                if count > 0 {
                    edges.push(((word * 8 + place) as u32, count));
                }
            }
        });
        Self(edges)
    }

    /// Number of different edges.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of times that the run took this edge.
    #[must_use]
    pub fn count(&self, edge: u32) -> u8 {
        self.0
            .binary_search_by_key(&edge, |(number, _)| *number)
            .map_or(0, |at| self.0[at].1)
    }

    /// Whether the run took this edge.
    #[must_use]
    pub fn contains(&self, edge: u32) -> bool {
        self.count(edge) > 0
    }

    /// The edges and their counts, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u8)> + '_ {
        self.0.iter().copied()
    }

    /// Those that are not in `other`: the code that this run reached and the other one
    /// did not.
    #[must_use]
    pub fn not_in(&self, other: &Self) -> Self {
        Self(self.iter().filter(|(it, _)| !other.contains(*it)).collect())
    }

    /// Adds those of another run. Counts are added up.
    pub fn add(&mut self, other: &Self) {
        for (edge, count) in other.iter() {
            match self.0.binary_search_by_key(&edge, |(number, _)| *number) {
                Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(count),
                Err(at) => self.0.insert(at, (edge, count)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Edges;

    #[test]
    fn sets_of_edges_are_compared_and_added() {
        let left = Edges(vec![(1, 1), (5, 250), (9, 3)]);
        let right = Edges(vec![(2, 7), (5, 10)]);
        assert_eq!(left.not_in(&right), Edges(vec![(1, 1), (9, 3)]));
        assert_eq!((left.count(9), left.count(2), left.len()), (3, 0, 3));
        let mut both = left.clone();
        both.add(&right);
        assert_eq!(both, Edges(vec![(1, 1), (2, 7), (5, 255), (9, 3)]));
        assert!(right.not_in(&both).is_empty());
    }
}
