//! `tine fuzz`: how sessions run, what they find and keep, and how they go on.

mod compare_log;
mod custom_mutators;
mod figures;
mod fuzz;
mod mutation;
mod non_instrumented;
mod planted;
mod real_targets;
mod replay;
mod resume;
mod sanitized;
