//! Messages on standard error.

use tine_ipc::{Fd, pipe};

/// Tells the user. There is nobody to tell if it fails.
pub(crate) fn say(parts: &[&[u8]]) {
    for part in parts {
        let _ = pipe::send(Fd::STDERR, part);
    }
}

/// A number in decimal digits.
pub(crate) struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub(crate) fn of(mut number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for (index, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (number % 10) as u8;
            start = index;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        Self { digits, start }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }
}
