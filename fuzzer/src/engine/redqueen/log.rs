//! From two compare logs, one of a testcase and one of its colorized twin, to the
//! comparisons that are worth solving.

use super::{
    goal::Integers,
    routines::{Operand, Routine},
};
use std::collections::BTreeMap;
use tine_controller::CompareLog;
use tine_protocol::layout::cmplog::{Buffer, Kind, Operands, Routine as Logged};

/// What the sites of a program logged in one run, by their numbers.
pub type Log = BTreeMap<u16, SiteLog>;

/// What one site logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteLog {
    /// Comparisons of integers.
    Integers {
        /// Size of the operands in bytes.
        bytes: u32,
        /// Bits of `cmplog::attribute`.
        attribute: u8,
        /// The operands, in the order of their places in the log.
        entries: Vec<Operands>,
    },
    /// Comparisons of buffers.
    Routines {
        /// A buffer with this many bytes may be longer than what was logged.
        longest: usize,
        /// The operands, in the order of their places in the log.
        entries: Vec<Logged>,
    },
}

/// Takes what the last run logged, and empties the log.
pub fn take(log: &mut CompareLog) -> Log {
    let mut sites = Log::new();
    log.take(|site| {
        let header = site.header;
        let entries = 0..site.logged();
        let logged = match header.kind {
            Kind::Instruction => SiteLog::Integers {
                bytes: header.bytes.min(16).into(),
                attribute: header.attribute,
                entries: entries.filter_map(|index| site.operands(index)).collect(),
            },
            Kind::Routine => SiteLog::Routines {
                longest: site.routine_bytes(),
                entries: entries.filter_map(|index| site.routine(index)).collect(),
            },
        };
        sites.insert(site.number, logged);
    });
    sites
}

/// What can be solved of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// A comparison of buffers.
    Routine(Routine),
    /// A comparison of integers.
    Integers(Integers),
}

/// A comparison, and the site that logged it first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// How many comparisons the site logged. Those in loops log many.
    pub weight: usize,
    /// What was compared.
    pub comparison: Comparison,
    /// The site. Last, because it is not the same in each process.
    pub site: u16,
}

/// What is known of sites that never have anything to solve.
pub trait Verdicts {
    /// Whether a site is given up.
    fn is_given_up(&self, site: u16) -> bool;
    /// The site counts a loop: nothing of the input decides.
    fn give_up(&mut self, site: u16);
}

/// No more comparisons of a testcase are looked at, each once or more.
const MOST: usize = 1 << 17;

/// The comparisons of both logs, each once, those of sites that log little first.
pub fn compare(original: &Log, changed: &Log, verdicts: &mut impl Verdicts) -> Vec<Found> {
    let mut all = Vec::new();
    for (&site, logged) in original {
        if all.len() > MOST {
            break;
        }
        if verdicts.is_given_up(site) {
            continue;
        }
        let weight = match (logged, changed.get(&site)) {
            (
                SiteLog::Integers {
                    bytes,
                    attribute,
                    entries,
                },
                Some(SiteLog::Integers { entries: twins, .. }),
            ) => {
                if is_loop(entries) {
                    verdicts.give_up(site);
                    continue;
                }
                let pairs = entries.iter().zip(twins);
                all.extend(pairs.map(|(entry, twin)| {
                    let comparison = Integers {
                        bytes: *bytes,
                        attribute: *attribute,
                        original: [entry.v0, entry.v1],
                        changed: [twin.v0, twin.v1],
                    };
                    (entries.len(), Comparison::Integers(comparison), site)
                }));
                continue;
            }
            (
                SiteLog::Routines { longest, entries },
                Some(SiteLog::Routines { entries: twins, .. }),
            ) => (entries, twins, *longest),
            // Two sites share a place in the log.
            _ => continue,
        };
        let (entries, twins, longest) = weight;
        let both = |routine: &Logged| [&routine.v0, &routine.v1].map(|it| operand(it, longest));
        all.extend(entries.iter().zip(twins).map(|(entry, twin)| {
            let comparison = Routine {
                original: both(entry),
                changed: both(twin),
            };
            (entries.len(), Comparison::Routine(comparison), site)
        }));
    }
    let mut all: Vec<Found> = all
        .into_iter()
        .map(|(weight, comparison, site)| Found {
            weight,
            comparison,
            site,
        })
        .collect();
    all.sort_unstable();
    // The same comparison at another place has the same solution.
    all.dedup_by(|one, other| one.comparison == other.comparison);
    all
}

fn operand(buffer: &Buffer, longest: usize) -> Operand {
    let bytes = buffer.as_slice().to_vec();
    let cut = bytes.len() >= longest;
    Operand {
        bytes,
        text: buffer.text,
        cut,
    }
}

/// Whether one operand is always the same and the other one counts.
fn is_loop(entries: &[Operands]) -> bool {
    const LONG: usize = 4;
    if entries.len() < LONG {
        return false;
    }
    let all = |holds: &dyn Fn(&Operands, &Operands) -> bool| {
        entries.windows(2).all(|pair| holds(&pair[0], &pair[1]))
    };
    let counts = |one: u128, next: u128| next == one.wrapping_add(1) || next == one.wrapping_sub(1);
    all(&|one, next| one.v0 == next.v0 && counts(one.v1, next.v1))
        || all(&|one, next| one.v1 == next.v1 && counts(one.v0, next.v0))
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Log, SiteLog, Verdicts, compare};
    use std::collections::BTreeSet;
    use tine_protocol::layout::cmplog::Operands;

    impl Verdicts for BTreeSet<u16> {
        fn is_given_up(&self, site: u16) -> bool {
            self.contains(&site)
        }

        fn give_up(&mut self, site: u16) {
            self.insert(site);
        }
    }

    fn integers(pairs: &[(u128, u128)]) -> SiteLog {
        SiteLog::Integers {
            bytes: 4,
            attribute: 1,
            entries: pairs.iter().map(|&(v0, v1)| Operands { v0, v1 }).collect(),
        }
    }

    #[test]
    fn what_both_logs_have_is_compared_once_and_loops_are_given_up() {
        let original: Log = [
            (9, integers(&[(1, 2)])),
            (3, integers(&[(5, 6), (7, 8)])),
            (4, integers(&[(1, 2)])),
            (5, integers(&[(0, 9), (1, 9), (2, 9), (3, 9)])),
            (6, integers(&[(1, 1)])),
        ]
        .into();
        let changed: Log = [
            (9, integers(&[(11, 2)])),
            (3, integers(&[(15, 6)])),
            (4, integers(&[(11, 2)])),
            (5, integers(&[(0, 9), (1, 9), (2, 9), (3, 9)])),
        ]
        .into();
        let mut verdicts = BTreeSet::new();
        let found = compare(&original, &changed, &mut verdicts);
        let pairs: Vec<_> = found
            .iter()
            .map(|it| match &it.comparison {
                Comparison::Integers(it) => (it.original, it.changed),
                Comparison::Routine(_) => unreachable!("none was logged"),
            })
            .collect();
        assert_eq!(pairs, [([1, 2], [11, 2]), ([5, 6], [15, 6])]);
        assert_eq!(verdicts, [5].into());
        verdicts.extend([3, 4, 9]);
        assert_eq!(compare(&original, &changed, &mut verdicts), []);
    }
}
