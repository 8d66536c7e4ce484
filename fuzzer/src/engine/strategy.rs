//! How testcases are mutated: what the user chose, and how that changes on the way.

use super::{
    State,
    judge::Engine,
    mutate::{Aim, Blocks, Kind},
};
use crate::{
    cli::MutationArgs,
    engine::config::{AimChoice, InputType},
    target::{self, TargetError},
};
use libafl::state::HasExecutions;
use std::time::Duration;
use tine_protocol::layout::input::MAX_INPUT;

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

/// Tokens of the user's that are tried at each place, if there are more.
const MOST_TOKENS: usize = 256;

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
    aim: Aim,
    blocks: Blocks,
    cycle: u64,
    entries: usize,
    runs_at_find: u64,
}

/// Why inputs cannot be made as the user wishes.
#[derive(Debug, thiserror::Error)]
#[error(
    "no input has {shortest} bytes at least (-g, AFL_INPUT_LEN_MIN) and {longest} at most (-G, \
     AFL_INPUT_LEN_MAX): give a smaller -g or a larger -G"
)]
pub struct LengthError {
    shortest: usize,
    longest: usize,
}

impl Default for Strategy {
    fn default() -> Self {
        Self {
            kind: None,
            choice: AimChoice::default(),
            shortest: 1,
            longest: MAX_INPUT,
            splices: false,
            deterministic: true,
            trims: true,
            arithmetic: true,
            most_tokens: MOST_TOKENS,
            given_tokens: 0,
            expansion: 0,
            aim: Aim::default(),
            blocks: Blocks::default(),
            cycle: 0,
            entries: 0,
            runs_at_find: 0,
        }
    }
}

impl Strategy {
    /// What the command line and the environment ask for.
    ///
    /// # Errors
    /// When a variable makes no sense, or the lengths exclude each other.
    pub fn new(args: &MutationArgs) -> Result<Self, super::FuzzError> {
        if args.old_skip || args.old_deterministic {
            say!(
                "-d and -D have no effect any more, as in afl-fuzz: the deterministic stage is \
                 bounded and on, and -z turns it off"
            );
        }
        let count = |name| -> Result<Option<usize>, TargetError> {
            const EXPECTED: &str = "give a whole number from 1 to 1048576";
            let number = target::number_variable(name, 1..=MAX_INPUT as u64, EXPECTED)?;
            Ok(number.map(|number| number as usize))
        };
        let length = |chosen: Option<usize>, name, default| -> Result<usize, TargetError> {
            Ok(match chosen {
                Some(length) => length,
                None => count(name)?.unwrap_or(default),
            })
        };
        let shortest = length(args.min_length, "AFL_INPUT_LEN_MIN", 1)?;
        let longest = length(args.max_length, "AFL_INPUT_LEN_MAX", MAX_INPUT)?;
        if shortest > longest {
            return Err(LengthError { shortest, longest }.into());
        }
        Ok(Self {
            kind: args.input_type.map(|kind| match kind {
                InputType::Text => Kind::Text,
                InputType::Binary => Kind::Binary,
                InputType::Generic => Kind::Generic,
            }),
            choice: args.aim,
            shortest,
            longest,
            splices: args.splice,
            deterministic: !args.no_deterministic,
            trims: !target::is_set("AFL_DISABLE_TRIM") && !target::is_set("AFL_NO_TRIM"),
            arithmetic: !target::is_set("AFL_NO_ARITH"),
            most_tokens: count("AFL_MAX_DET_EXTRAS")?.unwrap_or(MOST_TOKENS),
            expansion: u64::from(target::is_set("AFL_EXPAND_HAVOC_NOW")),
            ..Self::default()
        })
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
}

impl Engine {
    /// Looks at what was found, and changes the strategy if that is due. Asks the
    /// clock, so it is for the beginning of a stage.
    pub(super) fn adapt_strategy(&mut self, state: &State) {
        let (queue, strategy) = (&self.queue, &mut self.strategy);
        let runs = *state.executions();
        if queue.cycle() > strategy.cycle {
            strategy.cycle = queue.cycle();
            if queue.cycles_without_finds() > 0 && strategy.expansion < MOST_EXPANDED {
                strategy.expansion += 1;
                self.counters.havoc_expansion = strategy.expansion;
            }
        }
        if queue.len() != strategy.entries {
            strategy.entries = queue.len();
            strategy.runs_at_find = runs;
        }
        let is_settled = if queue.ignore_time {
            runs >= SETTLED_AFTER_RUNS
        } else {
            self.progress.run_time() >= SETTLED_AFTER
        };
        strategy.blocks = match strategy.cycle {
            _ if !is_settled => Blocks::Short,
            0 | 1 => Blocks::Short,
            2 => Blocks::Medium,
            _ => Blocks::Long,
        };
        strategy.aim = match strategy.choice {
            AimChoice::Explore => Aim::Explore,
            AimChoice::Exploit => Aim::Exploit,
            AimChoice::Turns(limit) => {
                let without_finds = if queue.ignore_time {
                    Duration::from_secs((runs - strategy.runs_at_find) / RUNS_A_SECOND)
                } else {
                    let progress = &self.progress;
                    progress.since_find().unwrap_or_else(|| progress.run_time())
                };
                if without_finds > limit {
                    Aim::Exploit
                } else {
                    Aim::Explore
                }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_INPUT, Strategy};
    use crate::cli::MutationArgs;

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

    #[test]
    fn lengths_that_exclude_each_other_are_refused() {
        let with = |min_length, max_length| {
            Strategy::new(&MutationArgs {
                min_length,
                max_length,
                ..MutationArgs::default()
            })
        };
        let strategy = with(Some(3), None).unwrap();
        assert_eq!((strategy.shortest, strategy.longest), (3, MAX_INPUT));
        assert!(with(Some(3), Some(3)).is_ok());
        let error = with(Some(4), Some(3)).unwrap_err().to_string();
        assert!(error.contains("4 bytes at least (-g"), "{error}");
    }
}
