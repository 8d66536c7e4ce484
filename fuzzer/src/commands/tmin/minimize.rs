//! Making an input short and plain, in afl-tmin's steps.
//!
//! Blocks become `0` characters, once. Then, as long as something changes: blocks are
//! deleted, large ones first; all bytes of one value become `0`; single bytes become
//! `0`. Each step is kept if the target still does what it has to.

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Bytes that became `0` and are there still, or went later.
    pub replaced: usize,
    /// How often all steps were taken.
    pub passes: u32,
}

/// What a byte that does not matter becomes.
const PLAIN: u8 = b'0';

/// Blocks to be made plain are this part of the input, and have this length at least.
const NORMAL_PARTS: usize = 128;
const LEAST_NORMAL: usize = 4;

/// The first blocks to be deleted are this part of the input.
const DELETED_PARTS: usize = 16;

/// Makes `input` as short and plain as `keeps` lets it be. `keeps` says whether the
/// target still does what it has to. No block shorter than `least_block` is deleted.
///
/// # Errors
/// Those of `keeps`. Then `input` is what was reached until then.
pub fn minimize<E>(
    input: &mut Vec<u8>,
    least_block: usize,
    mut keeps: impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<Done, E> {
    let mut done = Done::default();
    let mut trial = Vec::with_capacity(input.len());
    done.replaced += make_blocks_plain(input, &mut trial, &mut keeps)?;
    loop {
        done.passes += 1;
        let before = input.len();
        delete_blocks(input, &mut trial, least_block, &mut keeps)?;
        let mut changed = input.len() < before;
        if done.passes > 1 && !changed {
            return Ok(done);
        }
        let replaced = make_values_plain(input, &mut trial, &mut keeps)?
            + make_bytes_plain(input, &mut keeps)?;
        done.replaced += replaced;
        changed |= replaced > 0;
        if !changed {
            return Ok(done);
        }
    }
}

fn make_blocks_plain<E>(
    input: &mut [u8],
    trial: &mut Vec<u8>,
    keeps: &mut impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<usize, E> {
    let length = (input.len() / NORMAL_PARTS)
        .next_power_of_two()
        .max(LEAST_NORMAL);
    let mut replaced = 0;
    let mut start = 0;
    while start < input.len() {
        let end = (start + length).min(input.len());
        if input[start..end].iter().any(|byte| *byte != PLAIN) {
            trial.clear();
            trial.extend_from_slice(input);
            trial[start..end].fill(PLAIN);
            if keeps(trial)? {
                input.copy_from_slice(trial);
                replaced += end - start;
            }
        }
        start = end;
    }
    Ok(replaced)
}

fn delete_blocks<E>(
    input: &mut Vec<u8>,
    trial: &mut Vec<u8>,
    least: usize,
    keeps: &mut impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<(), E> {
    let mut length = (input.len() / DELETED_PARTS).next_power_of_two().max(least);
    loop {
        let mut start = 0;
        // That the block before could not be deleted.
        let mut stayed = false;
        while start < input.len() {
            let end = (start + length).min(input.len());
            // The same block again, with something behind it: the same comes out.
            let is_repeated =
                stayed && end < input.len() && input[start - length..start] == input[start..end];
            if is_repeated {
                start = end;
                continue;
            }
            trial.clear();
            trial.extend_from_slice(&input[..start]);
            trial.extend_from_slice(&input[end..]);
            stayed = !keeps(trial)?;
            if stayed {
                start = end;
            } else {
                std::mem::swap(input, trial);
            }
        }
        if length <= least || input.is_empty() {
            return Ok(());
        }
        length = (length / 2).max(least);
    }
}

fn make_values_plain<E>(
    input: &mut [u8],
    trial: &mut Vec<u8>,
    keeps: &mut impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<usize, E> {
    let mut counts = [0usize; 256];
    for byte in input.iter() {
        counts[usize::from(*byte)] += 1;
    }
    let mut replaced = 0;
    for value in (0..=255u8).filter(|value| *value != PLAIN) {
        let count = counts[usize::from(value)];
        if count == 0 {
            continue;
        }
        trial.clear();
        trial.extend(
            input
                .iter()
                .map(|byte| if *byte == value { PLAIN } else { *byte }),
        );
        if keeps(trial)? {
            input.copy_from_slice(trial);
            replaced += count;
        }
    }
    Ok(replaced)
}

fn make_bytes_plain<E>(
    input: &mut [u8],
    keeps: &mut impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<usize, E> {
    let mut replaced = 0;
    for at in 0..input.len() {
        let byte = std::mem::replace(&mut input[at], PLAIN);
        if byte == PLAIN {
            continue;
        }
        let kept = keeps(input);
        if !matches!(kept, Ok(true)) {
            input[at] = byte;
        }
        replaced += usize::from(kept?);
    }
    Ok(replaced)
}

#[cfg(test)]
mod tests {
    use super::minimize;
    use std::convert::Infallible;

    fn minimized(input: &[u8], keeps: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut input = input.to_vec();
        let asked = |input: &[u8]| Ok::<_, Infallible>(keeps(input));
        minimize(&mut input, 1, asked).unwrap();
        assert!(keeps(&input));
        input
    }

    fn has(input: &[u8], part: &[u8]) -> bool {
        input.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn what_does_not_matter_goes() {
        let text = b"some text before MAGIC and a lot of text behind it".repeat(20);
        assert_eq!(minimized(&text, |input| has(input, b"MAGIC")), b"MAGIC");
        let both = |input: &[u8]| has(input, b"ab") && has(input, b"yz");
        let result = minimized(b"...ab.........yz..", both);
        assert_eq!(result.len(), 4, "{result:?}");
        assert_eq!(minimized(b"anything", |_| true), b"");
    }

    #[test]
    fn what_has_to_be_there_but_not_as_it_is_becomes_plain() {
        let keeps = |input: &[u8]| input.len() == 9 && input[4] == b'x';
        assert_eq!(minimized(b"abcdxefgh", keeps), b"0000x0000");
        assert_eq!(
            minimized(b"aaaaaaaa", |input| input.len() == 8),
            b"00000000"
        );
    }

    #[test]
    fn repeated_blocks_are_looked_at_once() {
        let mut runs = 0;
        let mut input = vec![b'0'; 4096];
        let done = minimize(&mut input, 1, |trial: &[u8]| {
            runs += 1;
            Ok::<_, Infallible>(trial.len() == 4096)
        });
        assert_eq!((input.len(), done.unwrap().replaced), (4096, 0));
        assert!(runs < 40, "{runs}");
    }

    #[test]
    fn a_least_block_saves_runs() {
        let runs = |least| {
            let mut count = 0;
            let mut input: Vec<u8> = (0..4096u32).map(|at| (at % 251) as u8).collect();
            let asked = |_: &[u8]| {
                count += 1;
                Ok::<_, Infallible>(false)
            };
            minimize(&mut input, least, asked).unwrap();
            assert_eq!(input.len(), 4096);
            count
        };
        assert!(runs(64) + 4000 < runs(1), "{} {}", runs(64), runs(1));
    }

    #[test]
    fn when_it_breaks_off_the_input_is_what_was_reached() {
        let mut input = b"________MAGIC________".to_vec();
        let mut left = 12;
        let result = minimize(&mut input, 1, |trial: &[u8]| {
            left -= 1;
            if left == 0 {
                Err("over")
            } else {
                Ok(has(trial, b"MAGIC"))
            }
        });
        assert_eq!(result, Err("over"));
        assert!(has(&input, b"MAGIC"), "{input:?}");
    }
}
