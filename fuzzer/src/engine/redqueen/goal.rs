//! A comparison of integers, and what one of its operands must become.

/// A comparison of two integers, as it was logged for a testcase and for its twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Integers {
    /// Size of the operands, 1 to 16 bytes.
    pub bytes: u32,
    /// Bits of `tine_protocol::layout::cmplog::attribute`.
    pub attribute: u8,
    /// The operands for the testcase.
    pub original: [u128; 2],
    /// The same for its twin.
    pub changed: [u128; 2],
}

/// One operand that may come from the input, and the values that it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// Size of the operands, 1 to 16 bytes.
    pub bytes: u32,
    /// The operand for the testcase.
    pub original: u128,
    /// The same for its twin.
    pub changed: u128,
    wanted: [u128; 3],
    count: usize,
}

impl Goal {
    /// The values that the operand should have, the likeliest first.
    pub fn wanted(&self) -> impl Iterator<Item = u128> {
        self.wanted[..self.count].iter().copied()
    }

    /// Towards a value; with `neighbours` also the one beyond it, which makes it
    /// greater (or less) as well.
    pub fn new(bytes: u32, original: u128, changed: u128, value: u128, neighbours: bool) -> Self {
        let mut goal = Self {
            bytes,
            original,
            changed,
            wanted: [0; 3],
            count: 0,
        };
        if original != value {
            goal.push(value);
        }
        if neighbours {
            let (signed, other) = (sign_extended(original, bytes), sign_extended(value, bytes));
            if original <= value || signed <= other {
                goal.push(value.wrapping_add(1) & mask(bytes));
            }
            if original >= value || signed >= other {
                goal.push(value.wrapping_sub(1) & mask(bytes));
            }
        }
        goal
    }

    fn push(&mut self, value: u128) {
        self.wanted[self.count] = value;
        self.count += 1;
    }
}

/// The order of an integer's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

impl Order {
    /// Both; one for a single byte.
    pub fn of_size(size: usize) -> impl Iterator<Item = Self> {
        let both = [Self::Little, Self::Big];
        both.into_iter().take(if size > 1 { 2 } else { 1 })
    }

    /// The bytes of a value.
    #[must_use]
    pub const fn bytes(self, value: u128) -> [u8; 16] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    /// The low `size` bytes of [`Self::bytes`].
    #[must_use]
    pub fn part(self, bytes: &[u8; 16], size: usize) -> &[u8] {
        match self {
            Self::Little => &bytes[..size],
            Self::Big => &bytes[16 - size..],
        }
    }

    /// The value of up to 16 bytes.
    #[must_use]
    pub fn value(self, bytes: &[u8]) -> u128 {
        let add = |value, &byte: &u8| value << 8 | u128::from(byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, add),
            Self::Big => bytes.iter().fold(0, add),
        }
    }
}

/// The low `bytes` bytes.
#[must_use]
pub const fn mask(bytes: u32) -> u128 {
    if bytes >= 16 {
        u128::MAX
    } else {
        (1 << (8 * bytes)) - 1
    }
}

/// An integer of `bytes` bytes as one with a sign.
#[must_use]
pub const fn sign_extended(value: u128, bytes: u32) -> i128 {
    let unused = 128 - 8 * if bytes >= 16 { 16 } else { bytes };
    ((value << unused) as i128) >> unused
}
