//! Files: what targets do to their input, what others plant where tine writes.

mod inputs;
mod leftovers;
mod names;
mod planted;
mod power;
