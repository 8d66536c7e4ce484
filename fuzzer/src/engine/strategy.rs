//! How testcases are mutated: what the user chose, and how that changes on the way.

use super::{
    config::{AimChoice, InputType, Mutation},
    corpus::Queue,
    mutate::{Aim, Blocks, Kind},
};
use std::time::Duration;

/// At most 2, 4, 8 or 16 operators are stacked: four in the mean.
const STACK_POWERS: usize = 4;

/// How often more is done about a queue in which nothing is found.
const MOST_EXPANDED: u64 = 5;

/// From the third and the fourth time on, twice as many operators are stacked.
const LARGER_STACKS: [u64; 2] = [3, 4];

/// Up to here blocks are short: small changes find most at first.
const SETTLED_AFTER: Duration = Duration::from_secs(600);

/// The same for a repeatable session, in runs.
const SETTLED_AFTER_RUNS: u64 = 1_000_000;

/// For a repeatable session: runs that stand for a second.
const RUNS_A_SECOND: u64 = 1000;

/// How testcases are mutated.
#[derive(Debug, Clone)]
pub struct Strategy {
    kind: Option<Kind>,
    choice: AimChoice,
    /// Limits of the length of inputs.
    pub shortest: usize,
    /// The longest one.
    pub longest: usize,
    /// Whether testcases are spliced.
    pub splices: bool,
    /// Whether there is a deterministic stage.
    pub deterministic: bool,
    /// Whether testcases are trimmed.
    pub trims: bool,
    /// Whether numbers are tried in the deterministic stage.
    pub arithmetic: bool,
    /// Of more tokens than this, so many are tried at each place.
    pub most_tokens: usize,
    /// How many of the tokens were there at the beginning.
    pub given_tokens: usize,
    /// How often more was done because nothing was found.
    expansion: u64,
    /// That was so since the session began.
    has_expanded: bool,
    aim: Aim,
    blocks: Blocks,
    cycle: u64,
    entries: usize,
    runs_at_find: u64,
}

impl Default for Strategy {
    fn default() -> Self {
        Self::new(&Mutation::default())
    }
}

impl Strategy {
    /// As the user wishes.
    #[must_use]
    pub fn new(chosen: &Mutation) -> Self {
        Self {
            kind: chosen.input_type.map(|kind| match kind {
                InputType::Text => Kind::Text,
                InputType::Binary => Kind::Binary,
                InputType::Generic => Kind::Generic,
            }),
            choice: chosen.aim,
            shortest: chosen.lengths.shortest(),
            longest: chosen.lengths.longest(),
            splices: chosen.splices,
            deterministic: chosen.deterministic,
            trims: chosen.trims,
            arithmetic: chosen.arithmetic,
            most_tokens: chosen.most_tokens,
            given_tokens: 0,
            expansion: u64::from(chosen.expanded),
            has_expanded: false,
            aim: Aim::default(),
            blocks: Blocks::default(),
            cycle: 0,
            entries: 0,
            runs_at_find: 0,
        }
    }

    /// The table for a testcase: what the user says, or what it looks like.
    #[must_use]
    pub fn kind(&self, looks_like: impl FnOnce() -> Kind) -> Kind {
        self.kind.unwrap_or_else(looks_like)
    }

    /// What mutations are after now.
    #[must_use]
    pub const fn aim(&self) -> Aim {
        self.aim
    }

    /// How long blocks are now.
    #[must_use]
    pub const fn blocks(&self) -> Blocks {
        self.blocks
    }

    /// From this many powers of two the limit of a stack is drawn.
    #[must_use]
    pub fn stack_powers(&self) -> usize {
        let larger = LARGER_STACKS.iter().filter(|&&from| self.expansion >= from);
        STACK_POWERS + larger.count()
    }

    /// Looks at what was found, and changes the strategy if that is due. After `runs`
    /// runs, `run_time`, and this time without finds.
    pub fn adapt(&mut self, queue: &Queue, runs: u64, run_time: Duration, without_finds: Duration) {
        if queue.cycle() > self.cycle {
            self.cycle = queue.cycle();
            if queue.cycles_without_finds() > 0 && self.expansion < MOST_EXPANDED {
                self.expansion += 1;
                self.has_expanded = true;
            }
        }
        if queue.len() != self.entries {
            self.entries = queue.len();
            self.runs_at_find = runs;
        }
        let is_settled = if queue.ignores_time() {
            runs >= SETTLED_AFTER_RUNS
        } else {
            run_time >= SETTLED_AFTER
        };
        self.blocks = match self.cycle {
            _ if !is_settled => Blocks::Short,
            0 | 1 => Blocks::Short,
            2 => Blocks::Medium,
            _ => Blocks::Long,
        };
        self.aim = match self.choice {
            AimChoice::Explore => Aim::Explore,
            AimChoice::Exploit => Aim::Exploit,
            AimChoice::Turns(limit) => {
                let without_finds = if queue.ignores_time() {
                    Duration::from_secs((runs - self.runs_at_find) / RUNS_A_SECOND)
                } else {
                    without_finds
                };
                if without_finds > limit {
                    Aim::Exploit
                } else {
                    Aim::Explore
                }
            }
        };
    }

    /// How far havoc was expanded because nothing was found.
    #[must_use]
    pub const fn expansion(&self) -> Option<u64> {
        if self.has_expanded {
            Some(self.expansion)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Strategy;

    #[test]
    fn stacks_grow_when_nothing_is_found() {
        let powers = |expansion| {
            Strategy {
                expansion,
                ..Strategy::default()
            }
            .stack_powers()
        };
        assert_eq!([0, 1, 2, 3, 4, 5].map(powers), [4, 4, 4, 5, 6, 6]);
    }
}
