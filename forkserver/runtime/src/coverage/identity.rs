//! Identity of a module, wherever and in whatever order modules are loaded.

use crate::{elf::Headers, objects};

/// The identity of the module whose ELF header lies at `header`: a hash of its headers,
/// its notes (with its build id, if it has one) and its file's name. `is_there` says that
/// the headers can be read for certain; otherwise the kernel is asked.
pub(super) fn of(header: usize, is_there: bool) -> u64 {
    let mut hash = Hash::new();
    if let Some(headers) = Headers::at(header, is_there) {
        headers.contents(|bytes| hash.add(bytes));
    }
    hash.add(objects::name_of(header));
    hash.0
}

/// FNV-1a, 64 bits.
struct Hash(u64);

impl Hash {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
