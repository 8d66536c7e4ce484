//! Paths of what Cargo has built, and of the project.
//!
//! Only a package's own integration tests are told at compile time where its programs
//! are. This library serves them all, and asks at run time: Cargo puts test programs
//! into the folder `deps` of the profile that the programs lie in.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A program of the package `tine`, by the name that Cargo builds: `tine`, `tine-cc`
/// or `tine-cxx`.
///
/// # Panics
/// If it is not there. Cargo builds all three before the integration tests of `tine`;
/// tests of another package can't rely on them.
#[must_use]
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let path = profile().join(name);
    assert!(
        path.is_file(),
        "{} is not there: `cargo build -p tine` builds it",
        path.display()
    );
    path
}

/// The folder of files that tests keep from one time to the next, such as built targets:
/// `CARGO_TARGET_TMPDIR` of an integration test.
#[must_use]
pub fn kept() -> PathBuf {
    profile().with_file_name("tmp")
}

/// `TINE_CACHE_DIR` of all tests.
pub fn shared_cache() -> PathBuf {
    kept().join("tine-cache")
}

/// Root of the project.
#[must_use]
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("fuzzer/tests/workbench lies three levels below the root")
}

/// Folder of the profile that the tests are built in, such as `target/debug`.
fn profile() -> &'static Path {
    static PROFILE: OnceLock<PathBuf> = OnceLock::new();
    PROFILE.get_or_init(|| {
        let own = std::env::current_exe().expect("the path of this test program");
        let folder = own.parent().expect("a program lies in a folder");
        assert!(
            folder.ends_with("deps"),
            "{} does not lie where Cargo puts test programs",
            own.display()
        );
        folder
            .parent()
            .expect("a folder around `deps`")
            .to_path_buf()
    })
}

#[cfg(test)]
mod tests {
    use super::{kept, profile, project};

    #[test]
    fn paths_are_found_from_the_test_program() {
        assert!(
            project()
                .join("fuzzer/tests/workbench/Cargo.toml")
                .is_file()
        );
        assert!(profile().join("deps").is_dir());
        assert_eq!(kept().parent(), profile().parent());
    }
}
