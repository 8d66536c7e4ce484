//! The input segment: a `u32` length in bytes, then the input.
//!
//! The controller writes it before a run; the child reads it and must not
//! write it.

/// Offset of the length, a `u32`.
pub const LENGTH_OFFSET: usize = 0;

/// Offset of the first byte of the input.
pub const DATA_OFFSET: usize = 4;

/// The longest input, in bytes. AFL++ has the same limit.
pub const MAX_INPUT: usize = 1024 * 1024;

/// Size of the segment, in bytes.
pub const SEGMENT_SIZE: usize = DATA_OFFSET + MAX_INPUT;
