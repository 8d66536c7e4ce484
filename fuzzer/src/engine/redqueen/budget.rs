//! What compare logging may cost.

use super::log::Verdicts;
use std::collections::HashMap;

/// Runs for the candidates of one testcase.
const OF_TESTCASE: u64 = 8192;

/// Runs for the candidates of one site and one testcase.
const OF_SITE: u64 = 256;

/// A site that solved nothing for so many testcases in a row is given up.
const FAILURES: u8 = 96;

/// Runs for the colorization of a testcase.
const OF_COLORIZATION: usize = 4096;

/// Bytes to look at in search of the operands of one testcase: about a second.
const OF_SEARCH: u64 = 1 << 32;

/// How often the input is looked at for one comparison: for its encodings, and for
/// operands that were computed from it.
const SEARCHES: u64 = 24;
const COMPUTED_SEARCHES: u64 = 200;

/// Runs that are had before any share counts.
const TO_BEGIN: u64 = 50_000;

/// Runs for colorizing an input of `len` bytes.
#[must_use]
pub fn of_colorization(len: usize) -> usize {
    (2 * len).min(OF_COLORIZATION)
}

/// What was spent, and what came of it.
#[derive(Debug, Default)]
pub struct Budget {
    /// Runs in all testcases.
    spent: u64,
    /// Testcases in a row for which a site solved nothing.
    failures: HashMap<u16, u8>,
    /// Runs for sites and the testcase at hand.
    sites: HashMap<u16, u64>,
    of_testcase: u64,
    searched: u64,
    /// For all files: eight times as much.
    generous: bool,
}

impl Budget {
    /// With more of everything if it is `generous`.
    #[must_use]
    pub fn new(generous: bool) -> Self {
        Self {
            generous,
            ..Self::default()
        }
    }

    /// Whether there is anything left for another testcase, out of `runs` runs of the
    /// session: half of them for the favored ones, a quarter for others.
    #[must_use]
    pub fn has_share(&self, runs: u64, favored: bool) -> bool {
        let share = if favored || self.generous { 2 } else { 4 };
        self.spent <= TO_BEGIN + runs / share
    }

    /// Takes note of runs.
    pub const fn spend(&mut self, runs: u64) {
        self.spent += runs;
    }

    /// Begins with another testcase.
    pub fn begin_testcase(&mut self) {
        self.sites.clear();
        self.of_testcase = 0;
        self.searched = 0;
    }

    /// Takes note of a search in `len` bytes, with or without computed operands. Returns
    /// whether the testcase may have it.
    pub const fn search(&mut self, len: usize, computed: bool) -> bool {
        let times = SEARCHES + if computed { COMPUTED_SEARCHES } else { 0 };
        self.searched += times * len as u64;
        self.searched <= OF_SEARCH * self.factor()
    }

    /// Takes note of a candidate's run. Returns whether the site may have another one.
    pub fn tried(&mut self, site: u16) -> bool {
        self.of_testcase += 1;
        let runs = self.sites.entry(site).or_default();
        *runs += 1;
        *runs < OF_SITE * self.factor() && self.has_testcase()
    }

    /// Whether the testcase may have another candidate.
    #[must_use]
    pub const fn has_testcase(&self) -> bool {
        self.of_testcase < OF_TESTCASE * self.factor()
    }

    /// Whether the site may have one.
    #[must_use]
    pub fn has_site(&self, site: u16) -> bool {
        let runs = self.sites.get(&site).copied().unwrap_or_default();
        runs < OF_SITE * self.factor()
    }

    /// Takes note of whether a site had a solution, if it had a candidate at all.
    pub fn ended(&mut self, solved: impl Fn(u16) -> bool) {
        for &site in self.sites.keys() {
            if solved(site) {
                self.failures.remove(&site);
            } else {
                let failures = self.failures.entry(site).or_default();
                *failures = failures.saturating_add(1);
            }
        }
    }

    const fn factor(&self) -> u64 {
        if self.generous { 8 } else { 1 }
    }
}

impl Verdicts for Budget {
    fn is_given_up(&self, site: u16) -> bool {
        self.failures
            .get(&site)
            .is_some_and(|&failures| failures >= FAILURES)
    }

    fn give_up(&mut self, site: u16) {
        self.failures.insert(site, FAILURES);
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, FAILURES, OF_SITE, OF_TESTCASE, TO_BEGIN, Verdicts};

    #[test]
    fn sites_and_testcases_have_their_limits() {
        let mut budget = Budget::new(false);
        budget.begin_testcase();
        let runs = (1..).find(|_| !budget.tried(7)).unwrap();
        assert_eq!(runs, OF_SITE);
        assert!(!budget.has_site(7) && budget.has_site(8) && budget.has_testcase());
        let sites = (100..).find(|&site| !budget.tried(site)).unwrap();
        assert_eq!(u64::from(sites) - 99, OF_TESTCASE - OF_SITE);
        assert!(!budget.has_testcase());
        budget.begin_testcase();
        assert!(budget.has_testcase() && budget.has_site(7));
        assert!((0..4096).all(|_| budget.search(4096, true)));
        assert!(!(0..4096).all(|_| budget.search(1 << 20, false)));
    }

    #[test]
    fn a_site_that_never_solves_anything_is_given_up_and_a_solution_forgives() {
        let mut budget = Budget::new(false);
        for round in 0..FAILURES {
            assert!(!budget.is_given_up(1), "after {round}");
            budget.begin_testcase();
            budget.tried(1);
            budget.tried(2);
            budget.ended(|site| site == 2);
        }
        assert!(budget.is_given_up(1));
        assert!(!budget.is_given_up(2) && !budget.is_given_up(3));
    }

    #[test]
    fn the_share_of_a_session_is_limited() {
        let mut budget = Budget::new(false);
        assert!(budget.has_share(0, false));
        budget.spend(TO_BEGIN + 40);
        assert!(!budget.has_share(79, true) && budget.has_share(80, true));
        assert!(!budget.has_share(159, false) && budget.has_share(160, false));
    }
}
