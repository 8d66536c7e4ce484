//! Files: what targets do to their input, what others plant where tine writes.

#[path = "../support/mod.rs"]
mod support;

mod inputs;
mod leftovers;
mod names;
mod planted;
mod power;
