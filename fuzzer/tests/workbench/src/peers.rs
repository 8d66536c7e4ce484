//! Other fuzzers: AFL++ as Debian has it, the newer one that `cargo xtask setup` builds,
//! and, for `cargo xtask peers`, the newest.

use std::path::{Path, PathBuf};

use crate::built;
use crate::compiler::{find, is_program};

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
    let path = built::kept()
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

/// Set by `cargo xtask peers`: the folder with the programs of the AFL++ that Debian's
/// unstable suite has. Then the conformance tests look at it, and at nothing else.
const UNSTABLE: &str = "TINE_TEST_UNSTABLE";

/// Whether the tests are run for AFL++ of Debian's unstable suite.
#[must_use]
pub fn is_for_unstable() -> bool {
    std::env::var_os(UNSTABLE).is_some()
}

/// A program of AFL++ of Debian's unstable suite.
///
/// # Panics
/// If it is not there, or the tests are not run for it.
#[must_use]
pub fn aflplusplus_unstable(program: &str) -> PathBuf {
    let folder = std::env::var_os(UNSTABLE)
        .unwrap_or_else(|| panic!("{UNSTABLE} is not set: `cargo xtask peers` sets it"));
    let path = Path::new(&folder).join(program);
    assert!(is_program(&path), "{} is not there", path.display());
    path
}
