//! The target's dictionary, which `tine-cc` fills in the linked file.

use tine_protocol::layout::dictionary::{CAPACITY, Dictionary};

/// Empty as it is compiled; in a finished program it holds what `tine-cc` found.
#[unsafe(link_section = ".tine.dictionary")]
#[used]
static DICTIONARY: Dictionary = Dictionary::EMPTY;

/// The tokens as they are sent; empty if there are none.
pub(crate) fn tokens() -> &'static [u8] {
    // SAFETY: the static is read as it is in memory. The compiler, which knows only
    // what it compiled, must not put its own value in the place of the read.
    let length = unsafe { (&raw const DICTIONARY.length).read_volatile() } as usize;
    let length = core::hint::black_box(length);
    let tokens = core::hint::black_box(&DICTIONARY.tokens);
    // An agreed dictionary has two bytes at least, a token of one.
    if (2..=CAPACITY).contains(&length) {
        &tokens[..length]
    } else {
        &[]
    }
}
