//! Hit counts become buckets: a loop that runs 5 times or 6 is the same news.

/// The bucket of each hit count, one bit a bucket: 1, 2, 3, 4-7, 8-15, 16-31,
/// 32-127, 128 and more.
const BUCKETS: [u8; 256] = {
    let mut buckets = [0; 256];
    let mut count = 1;
    while count < 256 {
        buckets[count] = match count {
            1 => 1,
            2 => 2,
            3 => 4,
            4..=7 => 8,
            8..=15 => 16,
            16..=31 => 32,
            32..=127 => 64,
            _ => 128,
        };
        count += 1;
    }
    buckets
};

/// The buckets of eight counters.
#[inline]
#[must_use]
pub fn classify(word: u64) -> u64 {
    u64::from_ne_bytes(word.to_ne_bytes().map(|count| BUCKETS[usize::from(count)]))
}

/// Which of eight bytes are not zero: bit `i` stands for byte `i` in memory.
#[inline]
#[must_use]
pub fn nonzero_bytes(word: u64) -> u8 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The top bit of each byte: set if the byte is not zero.
    let marks = ((word & LOW).wrapping_add(LOW) | word) & !LOW;
    // Gathers the eight top bits into one byte, the lowest byte's first.
    const GATHER: u64 = 0x0002_0408_1020_4081;
    ((marks.to_le() >> 7).wrapping_mul(GATHER << 7) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::{classify, nonzero_bytes};

    #[test]
    fn buckets_are_those_of_afl() {
        let edges = [
            (0, 0),
            (1, 1),
            (2, 2),
            (3, 4),
            (4, 8),
            (7, 8),
            (8, 16),
            (15, 16),
        ];
        let more = [
            (16, 32),
            (31, 32),
            (32, 64),
            (127, 64),
            (128, 128),
            (255, 128),
        ];
        for (count, bucket) in edges.into_iter().chain(more) {
            for at in 0..8 {
                let mut word = [0u8; 8];
                word[at] = count;
                let mut expected = [0u8; 8];
                expected[at] = bucket;
                assert_eq!(
                    classify(u64::from_ne_bytes(word)),
                    u64::from_ne_bytes(expected)
                );
            }
        }
    }

    #[test]
    fn every_byte_that_is_not_zero_has_its_bit() {
        for mask in 0..=255u8 {
            for value in [1u8, 0x7f, 0x80, 0xff] {
                let bytes: [u8; 8] =
                    std::array::from_fn(|at| if mask >> at & 1 == 1 { value } else { 0 });
                assert_eq!(nonzero_bytes(u64::from_ne_bytes(bytes)), mask, "{bytes:?}");
            }
        }
    }
}
