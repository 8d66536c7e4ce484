//! Power schedules.

/// afl-fuzz's power schedules: how long an entry of the queue is fuzzed, and how
/// often it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Schedule {
    /// Fast entries that take many edges for longer
    #[default]
    Explore,
    /// As explore, the last finds and the deepest entries for longer
    Mmopt,
    /// As explore, 32 times as long
    Exploit,
    /// Less for what runs often take the same way as
    Fast,
    /// As fast, and not at all for what is more common than the mean
    Coe,
    /// In proportion to how often it was fuzzed already
    Lin,
    /// As lin, to the square
    Quad,
    /// Rare edges; time does not count
    Rare,
    /// As explore, time does not count
    Seek,
}

impl Schedule {
    /// The one that comes next with `AFL_CYCLE_SCHEDULES`. Those that count how often
    /// runs take the same way stay among themselves.
    #[must_use]
    pub const fn following(self) -> Self {
        match self {
            Self::Explore => Self::Exploit,
            Self::Exploit => Self::Mmopt,
            Self::Mmopt => Self::Seek,
            Self::Seek => Self::Explore,
            Self::Fast => Self::Coe,
            Self::Coe => Self::Lin,
            Self::Lin => Self::Quad,
            Self::Quad => Self::Rare,
            Self::Rare => Self::Fast,
        }
    }

    /// Whether it asks how often runs take the same way.
    #[must_use]
    pub const fn counts_traces(self) -> bool {
        self.divides_by_frequency() || matches!(self, Self::Rare)
    }

    /// Whether common entries are chosen more seldom.
    #[must_use]
    pub const fn divides_by_frequency(self) -> bool {
        matches!(self, Self::Fast | Self::Coe | Self::Lin | Self::Quad)
    }

    /// Whether it matters how long a run takes.
    #[must_use]
    pub const fn heeds_time(self) -> bool {
        !matches!(self, Self::Rare | Self::Seek)
    }
}

/// Which testcase is next, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scheduling {
    /// The power schedule.
    pub schedule: Schedule,
    /// Testcases come in the order of the queue, not by weight.
    pub sequential: bool,
    /// Other schedules come by turns.
    pub cycles: bool,
}
