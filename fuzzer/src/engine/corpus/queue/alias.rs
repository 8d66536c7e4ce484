//! Choosing by weight in constant time: Vose's alias method.

/// For each entry how likely it is to be kept when it is drawn, and which one is
/// taken instead.
#[derive(Debug, Default)]
pub struct AliasTable {
    slots: Vec<Slot>,
    small: Vec<u32>,
    large: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Out of 2^32.
    kept: u32,
    alias: u32,
}

impl AliasTable {
    /// How many entries it knows.
    #[cfg(test)]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Builds it anew. `weights` are used up; those that are not positive are never
    /// drawn, unless all are such.
    pub fn build(&mut self, weights: &mut [f64]) {
        let count = weights.len();
        let sum: f64 = weights.iter().filter(|weight| **weight > 0.0).sum();
        self.slots.clear();
        self.slots.extend((0..count as u32).map(|alias| Slot {
            kept: u32::MAX,
            alias,
        }));
        if sum <= 0.0 || !sum.is_finite() {
            return;
        }
        self.small.clear();
        self.large.clear();
        for (index, weight) in weights.iter_mut().enumerate() {
            // So that the mean is 1.
            *weight = weight.max(0.0) * count as f64 / sum;
            let list = if *weight < 1.0 {
                &mut self.small
            } else {
                &mut self.large
            };
            list.push(index as u32);
        }
        while let (Some(small), Some(&large)) = (self.small.pop(), self.large.last()) {
            let weight = weights[small as usize];
            self.slots[small as usize] = Slot {
                kept: (weight * f64::from(u32::MAX)) as u32,
                alias: large,
            };
            let rest = &mut weights[large as usize];
            *rest -= 1.0 - weight;
            if *rest < 1.0 {
                self.large.pop();
                self.small.push(large);
            }
        }
        // What is left is 1, but for rounding.
        let heaviest = (0..count).max_by(|&one, &other| weights[one].total_cmp(&weights[other]));
        for small in self.small.drain(..).map(|small| small as usize) {
            if weights[small] <= 0.0 {
                self.slots[small] = Slot {
                    kept: 0,
                    alias: heaviest.unwrap_or_default() as u32,
                };
            }
        }
    }

    /// Draws an entry with 64 random bits; `None` if there is none.
    #[inline]
    #[must_use]
    pub fn draw(&self, random: u64) -> Option<usize> {
        let index = (((random >> 32) * self.slots.len() as u64) >> 32) as usize;
        let slot = self.slots.get(index)?;
        Some(if slot.kept > 0 && random as u32 <= slot.kept {
            index
        } else {
            slot.alias as usize
        })
    }
}

#[cfg(test)]
mod tests {
    use super::AliasTable;
    use fast_rands::{Rand, StdRand};

    fn shares(weights: &[f64]) -> Vec<f64> {
        const DRAWS: u32 = 200_000;
        let mut table = AliasTable::default();
        table.build(&mut weights.to_vec());
        let mut random = StdRand::with_seed(3);
        let mut counts = vec![0u32; weights.len()];
        for _ in 0..DRAWS {
            counts[table.draw(random.next()).unwrap()] += 1;
        }
        let counts = counts.into_iter();
        counts.map(|n| f64::from(n) / f64::from(DRAWS)).collect()
    }

    #[test]
    fn entries_are_drawn_by_weight() {
        for weights in [
            &[1.0][..],
            &[1.0, 1.0, 1.0],
            &[0.01, 5.0, 2.5, 1.0, 1.0, 0.75],
            &[0.0, 3.0, 0.0, 1.0],
            &[1e6, 1.0, 1.0, 1e-6],
        ] {
            let sum: f64 = weights.iter().sum();
            for (share, weight) in shares(weights).into_iter().zip(weights) {
                let expected = weight / sum;
                assert!(
                    (share - expected).abs() < 0.005,
                    "{weights:?}: {share} {expected}"
                );
                assert!(*weight > 0.0 || share == 0.0, "{weights:?}");
            }
        }
    }

    #[test]
    fn without_weights_all_are_equal() {
        for share in shares(&[0.0, 0.0, f64::NAN, 0.0]) {
            assert!((share - 0.25).abs() < 0.01, "{share}");
        }
        assert_eq!(AliasTable::default().draw(u64::MAX), None);
    }
}
