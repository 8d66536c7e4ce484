//! The input segment: a `u32` length in bytes, then the input.
//!
//! The controller writes it before a run; the child reads it and must not
//! write it, but for the word behind the longest input.

/// Offset of the length, a `u32`.
pub const LENGTH_OFFSET: usize = 0;

/// Offset of the first byte of the input.
pub const DATA_OFFSET: usize = 4;

/// The longest input, in bytes. AFL++ has the same limit.
pub const MAX_INPUT: usize = 1024 * 1024;

/// Offset of a `u32`: the number of passes whose input the harness rejected, by returning
/// -1. The child adds to it; tine's controller reads it and sets it back. Where a segment
/// ends before it, as those of other controllers do, nobody counts.
pub const REJECTIONS_OFFSET: usize = DATA_OFFSET + MAX_INPUT;

/// Size of the segment, in bytes.
pub const SEGMENT_SIZE: usize = REJECTIONS_OFFSET + 4;

const _: () = assert!(REJECTIONS_OFFSET.is_multiple_of(4));
