//! The numbers that two inputs have as text at the same places.

/// No more numbers of an input are looked at.
const MOST_NUMBERS: usize = 8192;

/// Digits beyond this are no number that a program compares.
const MOST_DIGITS: usize = 32;

/// A number that stands at the same place of a testcase and of its twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Where its first digit is.
    pub at: usize,
    /// How many digits it has.
    pub len: usize,
    /// The base of its digits.
    pub base: u32,
    /// There is a minus sign before it.
    pub negative: bool,
    /// Its value in the testcase.
    pub original: i128,
    /// Its value in the twin.
    pub changed: i128,
}

/// The numbers in both inputs that are not the same. Digits may be a number in more
/// than one base.
#[must_use]
pub fn scan(input: &[u8], changed: &[u8]) -> Vec<Number> {
    let mut numbers = Vec::new();
    for base in [10, 16, 8] {
        let is_digit = |byte: u8| char::from(byte).is_digit(base);
        let mut end = 0;
        while let Some(skipped) = input[end..].iter().position(|&byte| is_digit(byte)) {
            let at = end + skipped;
            let digits = input[at..].iter().take_while(|&&byte| is_digit(byte));
            let len = digits.count();
            end = at + len;
            if len > MOST_DIGITS || input[at..end] == changed[at..end] {
                continue;
            }
            let negative = |bytes: &[u8]| at > 0 && bytes[at - 1] == b'-';
            let sign = negative(input);
            if sign != negative(changed) {
                continue;
            }
            let value = |bytes: &[u8]| {
                let digits = str::from_utf8(&bytes[at..end]).ok()?;
                let value = i128::from_str_radix(digits, base).ok()?;
                Some(if sign { -value } else { value })
            };
            if let (Some(original), Some(changed)) = (value(input), value(changed)) {
                numbers.push(Number {
                    at,
                    len,
                    base,
                    negative: sign,
                    original,
                    changed,
                });
                if numbers.len() == MOST_NUMBERS {
                    return numbers;
                }
            }
        }
    }
    numbers
}
