//! Numbers that programs often handle wrongly, and which changes other ones cover.

/// The most that is added or subtracted.
pub const MOST_ADDED: u32 = 35;

/// Interesting values of a byte.
pub const INTERESTING_8: [i8; 9] = [-128, -1, 0, 1, 16, 32, 64, 100, 127];

/// Interesting values of two bytes: those of a byte, and borders.
pub const INTERESTING_16: [i16; 19] = [
    -128, -1, 0, 1, 16, 32, 64, 100, 127, // as of a byte
    -32768, -129, 128, 255, 256, 512, 1000, 1024, 4096, 32767,
];

/// Interesting values of four bytes: those of two, and borders. 2139095040 is the
/// infinite `float`; the two numbers near 100663000 are large in either byte order.
pub const INTERESTING_32: [i32; 28] = [
    -128,
    -1,
    0,
    1,
    16,
    32,
    64,
    100,
    127, // as of a byte
    -32768,
    -129,
    128,
    255,
    256,
    512,
    1000,
    1024,
    4096,
    32767, // as of two
    -2_147_483_648,
    -100_663_046,
    -32769,
    32768,
    65535,
    65536,
    100_663_045,
    2_139_095_040,
    2_147_483_647,
];

/// Whether the walk of bit flips makes this change: no bit, 1, 2 or 4 bits in a row
/// anywhere, or 8, 16 or 32 from the start of a byte on.
#[must_use]
pub fn is_bit_flip(change: u32) -> bool {
    if change == 0 {
        return true;
    }
    let shift = change.trailing_zeros();
    match change >> shift {
        1 | 0b11 | 0b1111 => true,
        0xff | 0xffff | 0xffff_ffff => shift.is_multiple_of(8),
        _ => false,
    }
}

/// Whether the walk of small sums over `width` bytes and fewer makes `new` of `old`.
/// The lowest byte is the first one of the input.
#[must_use]
pub fn is_sum(old: u32, new: u32, width: u32) -> bool {
    let is_near = |difference: u32, bits: u32| {
        let mask = u32::MAX >> (32 - bits);
        difference & mask <= MOST_ADDED || difference.wrapping_neg() & mask <= MOST_ADDED
    };
    let change = old ^ new;
    for at in 0..width {
        let shift = at * 8;
        // Only this byte differs.
        if change & !(0xff << shift) == 0 {
            let difference = (old >> shift).wrapping_sub(new >> shift);
            if is_near(difference, 8) {
                return true;
            }
        }
        // Only these two bytes differ.
        if at + 2 <= width && change & !(0xffff << shift) == 0 {
            let [old, new] = [(old >> shift) as u16, (new >> shift) as u16];
            let little = u32::from(old.wrapping_sub(new));
            let big = u32::from(old.swap_bytes().wrapping_sub(new.swap_bytes()));
            if is_near(little, 16) || is_near(big, 16) {
                return true;
            }
        }
    }
    width == 4
        && (is_near(old.wrapping_sub(new), 32)
            || is_near(old.swap_bytes().wrapping_sub(new.swap_bytes()), 32))
}

/// Whether setting fewer than `width` bytes to an interesting value makes `new` of
/// `old`; with `or_little`, also setting `width` bytes little-endian.
#[must_use]
pub fn is_interesting(old: u32, new: u32, width: u32, or_little: bool) -> bool {
    let mask = u32::MAX >> (32 - width * 8);
    if old & mask == new & mask {
        return true;
    }
    let sets = |value: u32, value_width: u32| {
        let value_mask = u32::MAX >> (32 - value_width * 8);
        (0..=width - value_width).any(|at| {
            let shift = at * 8;
            let set = old & !(value_mask << shift) | (value & value_mask) << shift;
            set & mask == new & mask
        })
    };
    if INTERESTING_8.iter().any(|&value| sets(value as u32, 1)) {
        return true;
    }
    if (width > 2 || or_little) && INTERESTING_16.iter().any(|&value| sets(value as u32, 2)) {
        return true;
    }
    if width > 2 {
        let swapped = |&value: &i16| sets(u32::from((value as u16).swap_bytes()), 2);
        if INTERESTING_16.iter().any(swapped) {
            return true;
        }
        return or_little && INTERESTING_32.iter().any(|&value| sets(value as u32, 4));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{is_bit_flip, is_interesting, is_sum};

    #[test]
    fn bit_flips_are_those_of_the_walk() {
        for change in [
            0,
            1,
            2,
            3,
            6,
            0x0f,
            0xf0,
            0x78,
            0xff,
            0xff00,
            0x00ff_ff00,
            u32::MAX,
        ] {
            assert!(is_bit_flip(change), "{change:x}");
        }
        for change in [0b101, 0b111, 0x1fe, 0x1f, 0x00ff_00ff, 0x7fff_ffff] {
            assert!(!is_bit_flip(change), "{change:x}");
        }
    }

    #[test]
    fn sums_are_those_of_the_walk() {
        for (old, new, width) in [
            (5, 5, 1),
            (0, 35, 1),
            (0, 0xff, 1),
            (0x1000, 0x1023, 2),
            (0x1000, 0x2200, 2),
            (0x00ff, 0x0100, 2),
            (0xff00, 0x0001, 2),
            (0x0000_ffff, 0x0001_0000, 4),
            (0xffff_ffff, 0, 4),
            (0x00ff_ffff, 0x0100_0003, 4),
        ] {
            assert!(is_sum(old, new, width), "{old:x} {new:x} {width}");
        }
        for (old, new, width) in [
            (0, 36, 1),
            (0x00ff, 0x0100, 1),
            (0x0000, 0x2424, 2),
            (0, 0x0101_0101, 4),
            (0, 0x0024_0000, 4),
        ] {
            assert!(!is_sum(old, new, width), "{old:x} {new:x} {width}");
        }
    }

    #[test]
    fn interesting_values_are_those_of_the_walk() {
        for (old, new, width, or_little) in [
            (7, 7, 1, false),
            (0x1234, 0x1264, 2, false),
            (0x1234, 0x8034, 2, false),
            (0x1234, 1000, 2, true),
            (0x1234_5678, 0x1200_0178, 4, false),
            (0x1234_5678, 0x03e8_5678, 4, false),
            (0x1234_5678, 0xe803_5678, 4, false),
            (0x1234_5678, 0x7f80_0000, 4, true),
        ] {
            assert!(
                is_interesting(old, new, width, or_little),
                "{old:x} {new:x} {width} {or_little}"
            );
        }
        for (old, new, width, or_little) in [
            (0x1234, 0x1233, 2, true),
            (0x1234, 1000, 2, false),
            (0x1234_5678, 0x7f80_0000, 4, false),
            (0x1234_5678, 0x0000_807f, 4, true),
        ] {
            assert!(
                !is_interesting(old, new, width, or_little),
                "{old:x} {new:x} {width} {or_little}"
            );
        }
    }
}
