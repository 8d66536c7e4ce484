//! Colorization: as many bytes of a testcase as possible get another value, while
//! what it covers stays the same.

use fast_rands::Rand;
use std::{collections::BinaryHeap, num::NonZeroUsize};

/// The bytes of `input`, each replaced by another one. By default one of the same
/// kind, so that text stays text and numbers stay numbers; `random` takes any.
#[must_use]
pub fn replacements(input: &[u8], random: bool, rand: &mut impl Rand) -> Vec<u8> {
    let replace = |&byte: &u8| {
        if random {
            other_of(0..=255, byte, rand)
        } else {
            of_same_kind(byte, rand)
        }
    };
    input.iter().map(replace).collect()
}

/// Another byte of the same kind.
fn of_same_kind(byte: u8, rand: &mut impl Rand) -> u8 {
    let range = match byte {
        b'A'..=b'F' => b'A'..=b'F',
        b'a'..=b'f' => b'a'..=b'f',
        b'G'..=b'Z' => b'G'..=b'Z',
        b'g'..=b'z' => b'g'..=b'z',
        b'2'..=b'9' => b'2'..=b'9',
        b'!'..=b'*' => b'!'..=b'*',
        b','..=b'.' => b','..=b'.',
        b':'..=b'@' => b':'..=b'@',
        b'['..=b'`' => b'['..=b'`',
        b'{'..=b'~' => b'{'..=b'~',
        b'0' => return b'1',
        b'1' => return b'0',
        b'+' => return b'/',
        b'/' => return b'+',
        b' ' => return b'\t',
        b'\t' => return b' ',
        b'\r' => return b'\n',
        b'\n' => return b'\r',
        0 => return 1,
        1 => return 0,
        0xff => return 0,
        control @ 0..32 => return control ^ 0x1f,
        // The highest bit stays.
        other => return other ^ 0x7f,
    };
    other_of(range, byte, rand)
}

/// Any byte of a range but `byte`, which lies in it.
fn other_of(range: std::ops::RangeInclusive<u8>, byte: u8, rand: &mut impl Rand) -> u8 {
    let (first, last) = (*range.start(), *range.end());
    let others = NonZeroUsize::new(usize::from(last - first)).unwrap_or(NonZeroUsize::MIN);
    let chosen = first + rand.below(others) as u8;
    if chosen >= byte { chosen + 1 } else { chosen }
}

/// Replaces as much of `input` by `replacements` as `keeps` allows: it runs an input
/// and says whether it still covers the same, or `None` when there are no runs left.
/// The largest range is tried first, and halved when it cannot be replaced. `input`
/// becomes the colorized one. Returns whether it has changed.
///
/// # Errors
/// Those of `keeps`.
pub fn colorize<E>(
    input: &mut [u8],
    replacements: &[u8],
    mut keeps: impl FnMut(&[u8]) -> Result<Option<bool>, E>,
) -> Result<bool, E> {
    // By length, and by position among those of the same length.
    let mut ranges = BinaryHeap::from([(input.len(), 0)]);
    let mut backup = Vec::with_capacity(input.len());
    let mut changed = false;
    while let Some((len, start)) = ranges.pop() {
        if len == 0 {
            break;
        }
        let range = start..start + len;
        backup.clear();
        backup.extend_from_slice(&input[range.clone()]);
        input[range.clone()].copy_from_slice(&replacements[range.clone()]);
        let kept = keeps(input);
        if matches!(kept, Ok(Some(true))) {
            changed = true;
            continue;
        }
        input[range].copy_from_slice(&backup);
        if kept?.is_none() {
            break;
        }
        if len > 1 {
            let half = len / 2;
            ranges.push((half, start));
            ranges.push((len - half, start + half));
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::{colorize, replacements};
    use fast_rands::StdRand;

    #[test]
    fn every_byte_is_replaced_by_another_of_its_kind() {
        let input: Vec<u8> = (0..=255).collect();
        for seed in 0..20 {
            let mut rand = StdRand::with_seed(seed);
            let same_kind = replacements(&input, false, &mut rand);
            let random = replacements(&input, true, &mut rand);
            for (&byte, (same, any)) in input.iter().zip(same_kind.into_iter().zip(random)) {
                assert_ne!(byte, same);
                assert_ne!(byte, any);
                if byte.is_ascii_digit() {
                    assert!(same.is_ascii_digit(), "{byte}: {same}");
                }
                if byte.is_ascii_hexdigit() {
                    assert!(same.is_ascii_hexdigit(), "{byte}: {same}");
                }
                assert_eq!(byte.is_ascii_uppercase(), same.is_ascii_uppercase());
                assert_eq!(byte.is_ascii_lowercase(), same.is_ascii_lowercase());
            }
        }
    }

    /// Colorizes with a target whose coverage depends on the bytes at `fixed` only.
    fn color(len: usize, fixed: &[usize], mut runs: usize) -> (Vec<bool>, bool) {
        let original = vec![b'a'; len];
        let mut input = original.clone();
        let changed = colorize(&mut input, &vec![b'b'; len], |tried| {
            if runs == 0 {
                return Ok::<_, ()>(None);
            }
            runs -= 1;
            Ok(Some(fixed.iter().all(|&at| tried[at] == b'a')))
        });
        let colored = input.iter().map(|&byte| byte == b'b').collect();
        (colored, changed.unwrap())
    }

    #[test]
    fn all_but_the_bytes_that_matter_change() {
        for (len, fixed) in [
            (1, vec![]),
            (9, vec![0]),
            (9, vec![8]),
            (64, vec![3, 4, 40]),
        ] {
            let (colored, changed) = color(len, &fixed, 2 * len);
            for (at, colored) in colored.into_iter().enumerate() {
                assert_eq!(colored, !fixed.contains(&at), "{at} of {len}");
            }
            assert!(changed);
        }
        assert_eq!(color(3, &[0, 1, 2], 100), (vec![false; 3], false));
        assert_eq!(color(0, &[], 100), (vec![], false));
    }

    #[test]
    fn without_runs_left_what_is_colorized_stays() {
        let (colored, changed) = color(64, &[0], 4);
        assert!(changed);
        // The second half at the second run, and of the first its second half.
        assert!(colored[..16].iter().all(|colored| !colored));
        assert!(colored[16..].iter().all(|&colored| colored));
    }
}
