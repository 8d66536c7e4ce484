//! Work over the whole queue that choices share.

/// What was done, and for how much of it choices have answered.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// What was done already, and no choice has answered for yet.
    owed: usize,
    /// All of it, for tests.
    pub(super) done: u64,
}

impl Upkeep {
    /// Whether it may be done again, when a choice answers for `share` of it.
    pub(super) fn is_due(&mut self, share: usize) -> bool {
        self.owed = self.owed.saturating_sub(share);
        self.owed == 0
    }

    /// Notes that it was done.
    pub(super) const fn charge(&mut self, work: usize) {
        self.owed = work;
        self.done += work as u64;
    }
}
