//! `tine doctor` and `tine trace`: what is wrong with a target, and what both sides say.

mod core_limit;
mod findings;
mod trace;
