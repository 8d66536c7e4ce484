//! One module a subcommand.

pub mod demo;
pub mod doctor;
pub mod fuzz;
pub mod showmap;
pub mod status;
pub mod trace;
