//! Every message on a pipe is made of 4-byte words in native byte order: both
//! ends are on one machine.

/// The size of a word on the pipes, in bytes.
pub const WORD_SIZE: usize = 4;
