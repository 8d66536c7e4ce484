//! Stages: what is done with the testcase whose turn it is, one after another.
//!
//! | file | what |
//! |---|---|
//! | `stage` | what a stage is |
//! | `turn` | the testcase whose turn it is, and how long it is fuzzed |
//! | `redqueen` | solves the comparisons that it meets |
//! | `trim` | makes it shorter, once |
//! | `deterministic` | makes every small change where changes matter, once |
//! | `custom` | lets user-supplied mutators work on it |
//! | `havoc` | mutates it at random |
//! | `splice` | the same, after its start was joined with the end of another (`-u`) |

mod custom;
mod deterministic;
mod havoc;
mod redqueen;
mod splice;
mod stage;
mod trim;
mod turn;

pub use havoc::Havoc;
pub use redqueen::RedqueenStage;
pub use turn::Turn;

use super::{error::FuzzError, session::Session, strategy::Strategy};
use custom::CustomStage;
use deterministic::DeterministicStage;
use havoc::HavocStage;
use splice::SpliceStage;
use stage::Stage;
use trim::TrimStage;

/// All stages, in their order.
#[derive(Debug)]
pub struct Stages {
    /// Before anything is cut off: what one comparison does not read yet, the next one
    /// may.
    redqueen: RedqueenStage,
    trim: TrimStage,
    deterministic: DeterministicStage,
    custom: CustomStage,
    havoc: HavocStage,
    splice: SpliceStage,
}

impl Stages {
    /// For inputs as the strategy wants them.
    #[must_use]
    pub fn new(strategy: &Strategy, redqueen: RedqueenStage) -> Self {
        Self {
            redqueen,
            trim: TrimStage::default(),
            deterministic: DeterministicStage::default(),
            custom: CustomStage::default(),
            havoc: HavocStage::new(Havoc::new(strategy)),
            splice: SpliceStage::new(Havoc::new(strategy)),
        }
    }

    /// Does all that is to be done with a testcase.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a find cannot be written.
    pub fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        let custom = session.mutation.custom.as_ref();
        if custom.is_some_and(|mutators| mutators.only) {
            return self.custom.perform(session, turn);
        }
        self.redqueen.perform(session, turn)?;
        self.trim.perform(session, turn)?;
        self.deterministic.perform(session, turn)?;
        self.custom.perform(session, turn)?;
        self.havoc.perform(session, turn)?;
        self.splice.perform(session, turn)
    }
}
