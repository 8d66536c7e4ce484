//! The conformance matrix: controllers x targets x modes of a fork server, on real
//! processes. What works and what can't is written down in data
//! (`targets/conformance/expected.toml`); a cell that is said not to work has to
//! fail in just that way.
//!
//! The result goes to `target/conformance.json`, from which `cargo xtask docs` makes
//! the table in docs/compatibility.md.

mod afl_showmap;
mod cell;
mod dialects;
mod hello;
mod in_process;
mod matrix;
mod targets;
mod tools;
