//! One module a subcommand.

pub mod demo;
pub mod fuzz;
pub mod showmap;
pub mod trace;
