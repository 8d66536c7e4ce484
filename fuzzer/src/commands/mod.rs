//! One module a subcommand.

pub mod cmin;
mod corpus;
pub mod demo;
pub mod doctor;
pub mod fuzz;
pub mod showmap;
pub mod status;
pub mod tmin;
pub mod trace;
