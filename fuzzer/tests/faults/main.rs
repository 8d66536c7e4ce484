//! Targets that do what they should not, and the edges of what they may do.

mod command;
mod controller;
mod corners;
mod data;
mod persistent;
