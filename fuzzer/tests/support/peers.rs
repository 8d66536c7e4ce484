//! Other fuzzers: AFL++ as Debian has it, and the newer one that `cargo xtask setup`
//! builds.

use std::path::{Path, PathBuf};

use super::compiler::{find, is_program};

/// A program of AFL++ 4.04c.
///
/// # Panics
/// If it is not there: a test without its peer fails.
#[must_use]
pub fn aflplusplus_404(program: &str) -> PathBuf {
    find(program)
        .unwrap_or_else(|| panic!("{program} is not on PATH: `cargo xtask setup` installs it"))
}

/// A program of AFL++ 4.40c.
///
/// # Panics
/// If it is not there: a test without its peer fails.
#[must_use]
pub fn aflplusplus_440(program: &str) -> PathBuf {
    // target/tmp of the tests lies beside target/peers.
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .with_file_name("peers")
        .join("aflplusplus-4.40c")
        .join(program);
    assert!(
        is_program(&path),
        "{} is not there: `cargo xtask setup` builds it",
        path.display()
    );
    path
}
