//! Which of the sentences of the instances are told: each once, and of each kind not too
//! many, however long the campaign is.

use lru::LruCache;
use std::num::NonZeroUsize;
use xxhash_rust::xxh3::xxh3_64;

/// Sentences of one kind that are told: such as that a seed cannot be read.
pub(super) const MOST_OF_KIND: u32 = 100;

/// Lines that are no sentences of tine's and are told: what targets and mutators write.
pub(super) const MOST_FOREIGN: u32 = 1000;

/// Kinds and sentences that are remembered. What was not said for long is forgotten.
const MEMORY: NonZeroUsize = NonZeroUsize::new(1 << 14).unwrap();

/// What was said.
#[derive(Debug)]
pub(super) struct Sentences {
    /// Hashes of sentences.
    said: LruCache<u64, ()>,
    /// Sentences of each kind that were told, by the hash of the kind.
    kinds: LruCache<u64, u32>,
    foreign: u32,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is told.
    Told,
    /// It is told, and no more of its kind is.
    Last,
    /// It was told, or too many like it were.
    Dropped,
}

impl Sentences {
    pub(super) fn new() -> Self {
        Self {
            said: LruCache::new(MEMORY),
            kinds: LruCache::new(MEMORY),
            foreign: 0,
        }
    }

    /// Judges a line; `is_foreign` if it is no sentence of tine's.
    pub(super) fn judge(&mut self, line: &str, is_foreign: bool) -> Verdict {
        if self.said.put(xxh3_64(line.as_bytes()), ()).is_some() {
            return Verdict::Dropped;
        }
        let (told, most) = if is_foreign {
            (&mut self.foreign, MOST_FOREIGN)
        } else {
            (self.kinds.get_or_insert_mut(kind(line), || 0), MOST_OF_KIND)
        };
        *told = told.saturating_add(1);
        match (*told).cmp(&most) {
            std::cmp::Ordering::Less => Verdict::Told,
            std::cmp::Ordering::Equal => Verdict::Last,
            std::cmp::Ordering::Greater => Verdict::Dropped,
        }
    }
}

/// The same for sentences that differ in numbers, names and paths only.
fn kind(sentence: &str) -> u64 {
    let words = sentence.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_word = !bare.is_empty() && bare.chars().all(char::is_alphabetic);
        if is_word { bare } else { "#" }
    });
    let words: Vec<&str> = words.collect();
    xxh3_64(words.join(" ").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{MOST_FOREIGN, MOST_OF_KIND, Sentences, Verdict};

    #[test]
    fn each_kind_has_a_limit_of_its_own() {
        let mut sentences = Sentences::new();
        let mut told = 0;
        for number in 0..100_000 {
            let line = format!("the seed in/{number} is empty");
            let verdict = sentences.judge(&line, false);
            told += u32::from(verdict != Verdict::Dropped);
            assert_eq!(verdict == Verdict::Last, number == MOST_OF_KIND - 1);
            assert_eq!(sentences.judge(&line, false), Verdict::Dropped, "twice");
        }
        assert_eq!(told, MOST_OF_KIND);
        for number in 0..=MOST_FOREIGN {
            sentences.judge(&format!("garbage {number} of a target"), true);
        }
        let foreign = sentences.judge("one more of it", true);
        assert_eq!(foreign, Verdict::Dropped);
        let error = "cannot write out/main/queue/id:000001: no space is left";
        assert_eq!(sentences.judge(error, false), Verdict::Told);
    }
}
