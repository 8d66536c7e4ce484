//! The compilers that targets are built with.

use std::path::{Path, PathBuf};

/// The clang versions that tine supports, newest first.
const CLANG_VERSIONS: std::ops::RangeInclusive<u32> = 14..=22;

/// A C compiler and the C++ compiler that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Compiler {
    /// The C compiler.
    pub cc: PathBuf,
    /// The C++ compiler.
    pub cxx: PathBuf,
    /// Whether it is clang: gcc otherwise.
    pub clang: bool,
    /// Whether `tine-cc` runs it; otherwise it instruments by itself.
    pub by_tine: bool,
}

impl Compiler {
    /// The newest clang.
    ///
    /// # Panics
    /// If there is none: a test without its compiler fails.
    #[must_use]
    pub fn clang() -> Self {
        CLANG_VERSIONS
            .rev()
            .map(|version| (format!("clang-{version}"), format!("clang++-{version}")))
            .chain([("clang".into(), "clang++".into())])
            .find_map(|(cc, cxx)| Self::on_path(&cc, &cxx, true))
            .expect(
                "no clang with its clang++ is on PATH (clang-14 to clang-22, clang): \
                 `cargo xtask setup` installs it",
            )
    }

    /// One version of clang.
    ///
    /// # Panics
    /// If it is not there: a test without its compiler fails.
    #[must_use]
    pub fn clang_version(version: u32) -> Self {
        Self::on_path(
            &format!("clang-{version}"),
            &format!("clang++-{version}"),
            true,
        )
        .unwrap_or_else(|| {
            panic!(
                "clang-{version} and clang++-{version} are not on PATH: \
                     `cargo xtask setup` installs them"
            )
        })
    }

    /// gcc.
    ///
    /// # Panics
    /// If there is none: a test without its compiler fails.
    #[must_use]
    pub fn gcc() -> Self {
        Self::on_path("gcc", "g++", false)
            .expect("gcc and g++ are not on PATH: `cargo xtask setup` installs them")
    }

    /// AFL++'s own compiler, which brings AFL++'s runtime.
    ///
    /// # Panics
    /// If there is none: a test without its compiler fails.
    #[must_use]
    pub fn aflplusplus() -> Self {
        let found = Self::on_path("afl-clang-fast", "afl-clang-fast++", true)
            .expect("afl-clang-fast is not on PATH: `cargo xtask setup` installs it");
        Self {
            by_tine: false,
            ..found
        }
    }

    /// The compiler of AFL++ 4.40c, which `cargo xtask setup` builds.
    ///
    /// # Panics
    /// If there is none: a test without its compiler fails.
    #[must_use]
    pub fn aflplusplus_440() -> Self {
        Self {
            cc: crate::peers::aflplusplus_440("afl-clang-fast"),
            cxx: crate::peers::aflplusplus_440("afl-clang-fast++"),
            clang: true,
            by_tine: false,
        }
    }

    /// The compiler of AFL++ of Debian's unstable suite, in a run of the tests for it.
    ///
    /// # Panics
    /// If there is none: a test without its compiler fails.
    #[must_use]
    pub fn aflplusplus_unstable() -> Self {
        Self {
            cc: crate::peers::aflplusplus_unstable("afl-clang-fast"),
            cxx: crate::peers::aflplusplus_unstable("afl-clang-fast++"),
            clang: true,
            by_tine: false,
        }
    }

    fn on_path(cc: &str, cxx: &str, clang: bool) -> Option<Self> {
        Some(Self {
            cc: find(cc)?,
            cxx: find(cxx)?,
            clang,
            by_tine: true,
        })
    }

    /// A short name, for messages and folders.
    #[must_use]
    pub fn name(&self) -> String {
        self.cc
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }
}

pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|it| is_program(it))
}

pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
