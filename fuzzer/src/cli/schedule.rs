//! `-p` of `tine fuzz`.

use crate::engine::config::Schedule;
use clap::{ValueEnum, builder::PossibleValue};

/// A power schedule as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleName(pub Schedule);

impl ValueEnum for ScheduleName {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(Schedule::Explore),
            Self(Schedule::Mmopt),
            Self(Schedule::Exploit),
            Self(Schedule::Fast),
            Self(Schedule::Coe),
            Self(Schedule::Lin),
            Self(Schedule::Quad),
            Self(Schedule::Rare),
            Self(Schedule::Seek),
        ]
    }

    /// afl-fuzz takes all of these words.
    fn to_possible_value(&self) -> Option<PossibleValue> {
        let value = PossibleValue::new;
        Some(match self.0 {
            Schedule::Explore => value("explore").aliases(["afl", "default", "normal"]),
            Schedule::Mmopt => value("mmopt").alias("mopt"),
            Schedule::Exploit => value("exploit"),
            Schedule::Fast => value("fast"),
            Schedule::Coe => value("coe"),
            Schedule::Lin => value("lin"),
            Schedule::Quad => value("quad"),
            Schedule::Rare => value("rare"),
            Schedule::Seek => value("seek"),
        })
    }
}
