//! Which traces are kept: a set that has every mark, with few inputs that cost little.
//!
//! The best set cannot be found in sensible time. Three ways of choosing are tried:
//! the most new marks for the cost, the most new marks, and afl-cmin's (for each mark,
//! rare ones first, the cheapest input that has it). From each result the inputs are
//! taken out that the others make needless. Of those results that have no more inputs
//! than afl-cmin's way the cheapest one is taken.

use super::traces::Traces;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    io,
};

/// Chooses traces that together have every mark. `costs` is what each trace costs, at
/// least 1. They come in ascending order.
///
/// # Errors
/// When the traces cannot be read.
pub fn choose(traces: &Traces, costs: &[u64]) -> io::Result<Vec<u32>> {
    let mut cover = Cover {
        traces,
        costs,
        buffer: Vec::new(),
    };
    let afl = cover.as_afl_cmin()?;
    let afl = cover.without_needless(afl)?;
    let by_cost = cover.greedily(|gain, cost| (u128::from(gain) << 64) / u128::from(cost))?;
    let by_cost = cover.without_needless(by_cost)?;
    let by_count = cover.greedily(|gain, _| u128::from(gain))?;
    let by_count = cover.without_needless(by_count)?;
    let most = afl.len();
    let cost = |set: &Vec<u32>| -> u64 { set.iter().map(|&trace| costs[trace as usize]).sum() };
    let best = [by_count, by_cost, afl]
        .into_iter()
        .filter(|set| set.len() <= most)
        .min_by_key(|set| (cost(set), set.len()));
    let mut best = best.unwrap_or_default();
    best.sort_unstable();
    Ok(best)
}

struct Cover<'a> {
    traces: &'a Traces,
    costs: &'a [u64],
    buffer: Vec<u8>,
}

impl Cover<'_> {
    /// Those that alone have some mark, and the marks that they have.
    fn essential(&mut self) -> io::Result<(Vec<u32>, Vec<bool>)> {
        let marks = self.traces.holders().len();
        let mut chosen: Vec<u32> = (0..marks)
            .filter_map(|mark| self.traces.only_holder(mark))
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        let mut have = vec![false; marks];
        for &trace in &chosen {
            self.add(trace, &mut have)?;
        }
        Ok((chosen, have))
    }

    fn add(&mut self, trace: u32, have: &mut [bool]) -> io::Result<()> {
        self.traces
            .each(trace, &mut self.buffer, |mark| have[mark as usize] = true)
    }

    /// Always the one with the highest `value` next, which depends on how many marks
    /// are new and on the cost.
    fn greedily(&mut self, value: impl Fn(u64, u64) -> u128) -> io::Result<Vec<u32>> {
        let (mut chosen, mut have) = self.essential()?;
        let taken: HashSet<u32> = chosen.iter().copied().collect();
        let key = |trace: u32, gain: u64| {
            let cost = self.costs[trace as usize];
            (value(gain, cost), Reverse(cost), Reverse(trace))
        };
        // Values only ever fall: whoever is on top with its real value is the best.
        let mut heap: BinaryHeap<_> = (0..self.traces.known().len() as u32)
            .filter(|trace| !taken.contains(trace))
            .map(|trace| key(trace, u64::from(self.traces.known()[trace as usize].marks)))
            .collect();
        while let Some(top) = heap.pop() {
            let (_, _, Reverse(trace)) = top;
            let mut gain = 0;
            self.traces.each(trace, &mut self.buffer, |mark| {
                gain += u64::from(!have[mark as usize]);
            })?;
            if gain == 0 {
                continue;
            }
            let now = key(trace, gain);
            if heap.peek().is_some_and(|next| now < *next) {
                heap.push(now);
                continue;
            }
            self.traces
                .each(trace, &mut self.buffer, |mark| have[mark as usize] = true)?;
            chosen.push(trace);
        }
        Ok(chosen)
    }

    /// For each mark, those in the fewest traces first, the cheapest trace with it.
    fn as_afl_cmin(&mut self) -> io::Result<Vec<u32>> {
        let mut order: Vec<u32> = (0..self.traces.known().len() as u32).collect();
        order.sort_by_key(|&trace| (self.costs[trace as usize], trace));
        let mut best = vec![u32::MAX; self.traces.holders().len()];
        for &trace in &order {
            self.traces.each(trace, &mut self.buffer, |mark| {
                let best = &mut best[mark as usize];
                if *best == u32::MAX {
                    *best = trace;
                }
            })?;
        }
        let holders = self.traces.holders();
        let mut marks: Vec<u32> = (0..holders.len() as u32)
            .filter(|&mark| holders[mark as usize] > 0)
            .collect();
        marks.sort_by_key(|&mark| (holders[mark as usize], mark));
        let mut have = vec![false; holders.len()];
        let mut chosen = Vec::new();
        for mark in marks {
            if !have[mark as usize] {
                let trace = best[mark as usize];
                chosen.push(trace);
                self.add(trace, &mut have)?;
            }
        }
        Ok(chosen)
    }

    /// Takes out what the others make needless, the most expensive first.
    fn without_needless(&mut self, mut chosen: Vec<u32>) -> io::Result<Vec<u32>> {
        let mut holders = vec![0u32; self.traces.holders().len()];
        for &trace in &chosen {
            self.traces
                .each(trace, &mut self.buffer, |mark| holders[mark as usize] += 1)?;
        }
        chosen.sort_by_key(|&trace| (Reverse(self.costs[trace as usize]), trace));
        let mut kept = Vec::with_capacity(chosen.len());
        for trace in chosen {
            let mut is_needless = true;
            self.traces.each(trace, &mut self.buffer, |mark| {
                is_needless &= holders[mark as usize] > 1;
            })?;
            if is_needless {
                self.traces
                    .each(trace, &mut self.buffer, |mark| holders[mark as usize] -= 1)?;
            } else {
                kept.push(trace);
            }
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::traces::Encoded, Cover, Traces, choose};
    use std::collections::BTreeSet;

    fn traces(sets: &[BTreeSet<u32>]) -> Traces {
        let folder = tempfile::tempdir().unwrap();
        let mut traces = Traces::new(folder.path()).unwrap();
        for (input, set) in sets.iter().enumerate() {
            let marks: Vec<u32> = set.iter().copied().collect();
            traces.add(input as u32, 1, &Encoded::of(&marks)).unwrap();
        }
        traces
    }

    fn chosen(sets: &[&[u32]], costs: &[u64]) -> Vec<u32> {
        let sets: Vec<BTreeSet<u32>> = sets
            .iter()
            .map(|set| set.iter().copied().collect())
            .collect();
        choose(&traces(&sets), costs).unwrap()
    }

    #[test]
    fn small_cases() {
        // Two that share everything between them beat one that shares with both.
        assert_eq!(
            chosen(&[&[1, 2, 3, 4], &[1, 2, 5], &[3, 4, 6]], &[1, 1, 1]),
            [1, 2]
        );
        // The cheaper of two with the same marks besides.
        assert_eq!(
            chosen(&[&[1, 2], &[1, 2, 9], &[1, 2, 9, 3]], &[1, 5, 5]),
            [2]
        );
        // One that costs much is left out for two that cost little, but only where
        // that does not make more of them than afl-cmin keeps.
        assert_eq!(
            chosen(&[&[1, 2, 3, 4], &[1, 2], &[3, 4]], &[100, 1, 1]),
            [1, 2]
        );
        assert_eq!(chosen(&[], &[]), [0u32; 0]);
        assert_eq!(chosen(&[&[]], &[1]), [0u32; 0]);
    }

    /// A generator of numbers that is the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % limit
        }
    }

    #[test]
    fn every_mark_is_kept_with_no_more_inputs_than_afl_cmins_way() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let mut better = 0;
        for _ in 0..200 {
            let universe = 5 + numbers.below(60);
            let mut sets = Vec::new();
            for _ in 0..3 + numbers.below(40) {
                let size = 1 + numbers.below(universe / 2 + 1);
                let set = (0..size).map(|_| numbers.below(universe) as u32);
                let set: BTreeSet<u32> = set.collect();
                // Identical traces are one trace.
                if !sets.contains(&set) {
                    sets.push(set);
                }
            }
            let costs: Vec<u64> = sets.iter().map(|_| 1 + numbers.below(1000)).collect();
            let traces = traces(&sets);
            let chosen = choose(&traces, &costs).unwrap();
            let all: BTreeSet<u32> = sets.iter().flatten().copied().collect();
            let kept = chosen.iter().flat_map(|&trace| &sets[trace as usize]);
            assert_eq!(kept.copied().collect::<BTreeSet<u32>>(), all);
            for &one in &chosen {
                let others = chosen.iter().filter(|&&other| other != one);
                let rest: BTreeSet<u32> = others
                    .flat_map(|&trace| &sets[trace as usize])
                    .copied()
                    .collect();
                assert_ne!(rest, all, "{one} is needless");
            }
            let mut cover = Cover {
                traces: &traces,
                costs: &costs,
                buffer: Vec::new(),
            };
            let afl = cover.as_afl_cmin().unwrap();
            assert!(chosen.len() <= afl.len());
            better += usize::from(chosen.len() < afl.len());
        }
        assert!(better > 20, "fewer inputs in {better} of 200 cases");
    }
}
