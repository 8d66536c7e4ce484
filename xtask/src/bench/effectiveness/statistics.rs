//! Comparing two small samples.

/// Sums of ranks are counted one by one for no more than this many ways to split the
/// numbers in two; beyond it the normal approximation is as good.
const MOST_SPLITS: u64 = 1_000_000;

/// The two-sided p-value of the Mann-Whitney U test: how likely two samples of one
/// distribution lie at least as far apart as these. Ties share their ranks. Exact for
/// small samples; 1 where a sample is empty.
pub fn mann_whitney(one: &[f64], other: &[f64]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 1.0;
    }
    let ranks = doubled_ranks(one, other);
    let (own, all) = (one.len(), ranks.len());
    let sum: u64 = ranks[..own].iter().sum();
    // Doubled, as the ranks are.
    let mean = own as u64 * (all as u64 + 1);
    let distance = sum.abs_diff(mean);
    if splits(all as u64, own as u64).is_some_and(|splits| splits <= MOST_SPLITS) {
        exact(&ranks, own, mean, distance)
    } else {
        approximate(&ranks, own, distance)
    }
}

/// Vargha and Delaney's A12: how likely a number of `one` is greater than a number of
/// `other`; a tie counts one half. 0.5 where a sample is empty.
pub fn a12(one: &[f64], other: &[f64]) -> f64 {
    let pairs = one.len() * other.len();
    if pairs == 0 {
        return 0.5;
    }
    let points: f64 = one
        .iter()
        .flat_map(|a| other.iter().map(move |b| a.total_cmp(b)))
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    points / pairs as f64
}

/// The median; infinite numbers may be among them. None of nothing.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => Some(sorted[middle]),
        _ if sorted.is_empty() => None,
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Twice the rank of each number among all of them, those of `one` first. Twice,
/// because equal numbers share the mean of their ranks.
fn doubled_ranks(one: &[f64], other: &[f64]) -> Vec<u64> {
    let all: Vec<f64> = one.iter().chain(other).copied().collect();
    let rank = |number: &f64| {
        let less = all.iter().filter(|a| a.total_cmp(number).is_lt()).count();
        let equal = all.iter().filter(|a| a.total_cmp(number).is_eq()).count();
        (2 * less + equal + 1) as u64
    };
    all.iter().map(rank).collect()
}

/// Of all ways to take `own` of the ranks, the share whose sum is as far from the mean.
fn exact(ranks: &[u64], own: usize, mean: u64, distance: u64) -> f64 {
    // ways[count][sum]: in how many ways `count` ranks have that sum.
    let most: u64 = ranks.iter().sum();
    let mut ways = vec![vec![0u64; most as usize + 1]; own + 1];
    ways[0][0] = 1;
    for &rank in ranks {
        for count in (1..=own).rev() {
            for sum in (rank as usize..=most as usize).rev() {
                ways[count][sum] += ways[count - 1][sum - rank as usize];
            }
        }
    }
    let far = |&(sum, _): &(usize, &u64)| (sum as u64).abs_diff(mean) >= distance;
    let extreme: u64 = ways[own]
        .iter()
        .enumerate()
        .filter(far)
        .map(|(_, w)| w)
        .sum();
    let total: u64 = ways[own].iter().sum();
    extreme as f64 / total as f64
}

/// By the normal distribution, with the corrections for ties and for continuity.
fn approximate(ranks: &[u64], own: usize, distance: u64) -> f64 {
    let (own, all) = (own as f64, ranks.len() as f64);
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable();
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|tied| (tied.len() as f64).powi(3) - tied.len() as f64)
        .sum();
    let variance = own * (all - own) / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = (distance as f64 / 2.0 - 0.5).max(0.0) / variance.sqrt();
    complementary_error(z / std::f64::consts::SQRT_2)
}

/// erfc for numbers from 0 on, by formula 7.1.26 of Abramowitz and Stegun: off by
/// 1.5e-7 at most.
fn complementary_error(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let factors = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let sum = factors.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    sum * (-x * x).exp()
}

/// In how many ways `own` of `all` can be taken.
fn splits(all: u64, own: u64) -> Option<u64> {
    (0..own.min(all - own)).try_fold(1u64, |ways, k| Some(ways.checked_mul(all - k)? / (k + 1)))
}

#[cfg(test)]
mod tests {
    use super::{a12, approximate, doubled_ranks, mann_whitney, median};

    fn near(one: f64, other: f64, slack: f64) {
        assert!((one - other).abs() <= slack, "{one} is not {other}");
    }

    /// Published tables of the test: the probability of U <= u, twice.
    #[test]
    fn the_exact_test_has_the_values_of_the_tables() {
        let low: Vec<f64> = (1..=5).map(f64::from).collect();
        let high: Vec<f64> = (6..=10).map(f64::from).collect();
        near(mann_whitney(&low, &high), 2.0 / 252.0, 1e-12);
        near(mann_whitney(&high, &low), 2.0 / 252.0, 1e-12);
        // U = 1 for 4 and 4: 2 of 70 ways below or at it.
        near(
            mann_whitney(&[1.0, 2.0, 3.0, 5.0], &[4.0, 6.0, 7.0, 8.0]),
            4.0 / 70.0,
            1e-12,
        );
        // U = 4 for 5 and 5: 12 of 252 ways.
        near(
            mann_whitney(&[1.0, 2.0, 3.0, 6.0, 8.0], &[4.0, 5.0, 7.0, 9.0, 10.0]),
            mann_whitney(&[10.0, 9.0, 8.0, 5.0, 3.0], &[7.0, 6.0, 4.0, 2.0, 1.0]),
            1e-12,
        );
    }

    #[test]
    fn equal_samples_are_no_evidence() {
        near(mann_whitney(&[3.0; 5], &[3.0; 5]), 1.0, 1e-12);
        near(mann_whitney(&[1.0, 2.0], &[1.0, 2.0]), 1.0, 1e-12);
        near(mann_whitney(&[], &[1.0]), 1.0, 0.0);
        near(a12(&[3.0; 5], &[3.0; 5]), 0.5, 0.0);
    }

    /// With ties: 1 1 2 against 2 3 3. Of the 20 ways to take three of the ranks
    /// 1.5 1.5 3.5 3.5 5.5 5.5, two have the sum 6.5, two its mirror image 14.5.
    #[test]
    fn ties_share_their_ranks() {
        assert_eq!(
            doubled_ranks(&[1.0, 1.0, 2.0], &[2.0, 3.0, 3.0]),
            [3, 3, 7, 7, 11, 11]
        );
        near(
            mann_whitney(&[1.0, 1.0, 2.0], &[2.0, 3.0, 3.0]),
            4.0 / 20.0,
            1e-12,
        );
    }

    #[test]
    fn the_approximation_agrees_with_the_exact_test() {
        let one: Vec<f64> = (0..10).map(|n| f64::from(n) * 1.5).collect();
        let other: Vec<f64> = (0..10).map(|n| f64::from(n) * 1.7 + 3.2).collect();
        let ranks = doubled_ranks(&one, &other);
        let sum: u64 = ranks[..10].iter().sum();
        let p = approximate(&ranks, 10, sum.abs_diff(10 * 21));
        near(p, mann_whitney(&one, &other), 0.01);
        // z = 1.96 and nothing tied: 5 percent.
        near(super::complementary_error(1.96 / 2f64.sqrt()), 0.05, 1e-4);
    }

    #[test]
    fn many_numbers_do_not_take_for_ever() {
        let one: Vec<f64> = (0..100).map(f64::from).collect();
        let other: Vec<f64> = (50..150).map(f64::from).collect();
        assert!(mann_whitney(&one, &other) < 1e-6);
    }

    #[test]
    fn a12_is_the_share_of_pairs_won() {
        near(a12(&[2.0, 4.0], &[1.0, 3.0]), 0.75, 1e-12);
        near(a12(&[1.0, 2.0], &[3.0]), 0.0, 1e-12);
        near(a12(&[3.0], &[1.0, 3.0]), 0.75, 1e-12);
    }

    #[test]
    fn a_median_may_be_infinite() {
        let never = f64::INFINITY;
        assert_eq!(median([1.0, never, 2.0]), Some(2.0));
        assert_eq!(median([1.0, never, never]), Some(never));
        assert_eq!(median([2.0, 1.0]), Some(1.5));
        assert_eq!(median([]), None);
    }
}
