//! First passes of persistent children: how long one may take.
//!
//! In its first pass a program also does what it does once a process: it fills tables,
//! opens files, starts an interpreter. That is no part of what an input takes, so a
//! first pass has a limit of its own, measured from those that came to their end.

use std::time::Duration;

/// A first pass may take this many times what the longest one took: a machine that is
/// busy slows some of them down.
const ALLOWANCE: u32 = 4;

/// Measurements of the first passes of a target.
#[derive(Debug)]
pub(crate) struct FirstPasses {
    /// No more time than this is granted for what is done once.
    bound: Duration,
    /// Allowance as long as none has come to its end.
    unmeasured: Duration,
    /// The longest one that came to its end.
    longest: Option<Duration>,
}

impl FirstPasses {
    /// None has come to its end yet. `bound` is the most that is granted beyond the limit
    /// of a run.
    pub(crate) const fn new(bound: Duration) -> Self {
        Self {
            bound,
            unmeasured: bound,
            longest: None,
        }
    }

    /// The limit of a first pass, where that of a run is `timeout`: never less than twice
    /// as long.
    pub(crate) fn limit(&self, timeout: Duration) -> Duration {
        let allowance = self.longest.map_or(self.unmeasured, |longest| {
            longest.saturating_mul(ALLOWANCE).min(self.bound)
        });
        timeout.saturating_add(allowance.max(timeout))
    }

    /// One came to its end after `took`.
    pub(crate) fn came_to_end(&mut self, took: Duration) {
        self.longest = self.longest.max(Some(took));
    }

    /// One took longer than its limit. Where none has come to its end yet, the next one
    /// gets half as much: inputs that hang must not cost the most that is granted each.
    pub(crate) fn was_cut_off(&mut self) {
        self.unmeasured /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::FirstPasses;
    use std::time::Duration;

    #[test]
    fn the_limit_is_measured_and_bounded() {
        const fn ms(milliseconds: u64) -> Duration {
            Duration::from_millis(milliseconds)
        }
        const CUT_OFF: Option<u64> = None;
        // How first passes ended, limit of a run, limit of the next first pass.
        for (passes, timeout, limit) in [
            (&[][..], 20, 10_020),
            (&[CUT_OFF], 20, 5_020),
            (&[CUT_OFF, CUT_OFF], 20, 2_520),
            (&[CUT_OFF, Some(250), CUT_OFF], 20, 1020),
            (&[Some(1), Some(250), Some(2)], 20, 1020),
            (&[Some(1)], 20, 40),
            (&[Some(9_000)], 20, 10_020),
            (&[], 20_000, 40_000),
        ] {
            let mut known = FirstPasses::new(ms(10_000));
            for pass in passes {
                match pass {
                    Some(took) => known.came_to_end(ms(*took)),
                    None => known.was_cut_off(),
                }
            }
            assert_eq!(known.limit(ms(timeout)), ms(limit), "{passes:?} {timeout}");
        }
    }
}
