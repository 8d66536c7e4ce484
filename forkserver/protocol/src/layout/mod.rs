//! Layout of each shared segment.

pub mod cmplog;
pub mod control;
pub mod coverage;
pub mod dictionary;
pub mod input;
pub mod late;
pub mod module;
