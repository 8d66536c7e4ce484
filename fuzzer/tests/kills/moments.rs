//! Random moments, from a seed that is printed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use libafl_bolts::rands::{Rand, StdRand};

use crate::number;

/// Draws moments.
pub struct Moments {
    /// The seed.
    pub seed: u64,
    rand: StdRand,
}

impl Moments {
    /// From the seed that `SOAK_SEED` gives, or else the clock. `campaign` makes
    /// the moments of several tests differ.
    pub fn new(campaign: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let clock = now.map_or(0, |since| since.subsec_nanos().into());
        let seed = number("SOAK_SEED", clock);
        Self {
            seed,
            rand: StdRand::with_seed(seed ^ (campaign << 32)),
        }
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.rand.next() % limit.max(1)
    }

    /// A moment of a session that takes so long. Every third one lies in its first
    /// fifth, where the session starts up and calibrates its seeds.
    pub fn within(&mut self, session: Duration) -> Duration {
        let micros = session.as_micros() as u64;
        let range = if self.below(3) == 0 {
            micros / 5
        } else {
            micros
        };
        Duration::from_micros(self.below(range))
    }
}
