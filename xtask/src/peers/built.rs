//! Fuzzers that tine is tested against and that no system package has: AFL++ 4.40c, whose
//! source a crates.io package carries. Debian's own AFL++ is of an older protocol.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{paths, real, shell};

/// The package in targets/real/sources.toml.
const PACKAGE: &str = "cargo-afl-common";
/// Folder of its source there, and name of the result below target/peers.
const SOURCE: &str = "AFLplusplus";
const NAME: &str = "aflplusplus-4.40c";
/// The line of its config.h that says the same.
const VERSION: &str = "\"++4.40c\"";

/// The LLVM that its passes are built with, and so its compilers.
const LLVM_CONFIG: &str = "llvm-config-14";

/// Folders of the source that nothing here needs.
const LEFT_OUT: &[&str] = &[
    "benchmark",
    "coresight_mode",
    "custom_mutators",
    "docs",
    "frida_mode",
    "nyx_mode",
    "qemu_mode",
    "unicorn_mode",
];

/// What is built, by which makefile. `make all` would also build modes and tests that
/// nothing here needs, and take minutes.
const STEPS: &[(&str, &[&str])] = &[
    (
        "GNUmakefile",
        &["afl-fuzz", "afl-showmap", "afl-tmin", "afl-cmin"],
    ),
    (
        "GNUmakefile.llvm",
        &[
            "./afl-cc",
            "./afl-compiler-rt.o",
            "./afl-compiler-rt-64.o",
            "./SanitizerCoveragePCGUARD.so",
            "./SanitizerCoverageLTO.so",
            "./afl-llvm-lto-instrumentlist.so",
            // afl-cc takes this one's presence for that of LLVM.
            "./cmplog-routines-pass.so",
            "./cmplog-instructions-pass.so",
            "./cmplog-switches-pass.so",
            "./split-switches-pass.so",
        ],
    ),
    // The main() of harnesses, where afl-cc looks for it.
    (
        "GNUmakefile",
        &["--directory=utils/aflpp_driver", "libAFLDriver.a"],
    ),
];

/// What has to be there in the end.
const PROGRAMS: &[&str] = &[
    "afl-fuzz",
    "afl-showmap",
    "afl-tmin",
    "afl-cmin",
    "afl-clang-fast",
    "afl-clang-lto",
    "libAFLDriver.a",
];

/// Changed whenever what is built here changes, so that an older build is not kept.
const RECIPE: u32 = 4;

/// Where AFL++ 4.40c's programs are.
pub fn aflplusplus_440() -> PathBuf {
    paths::target_dir().join("peers").join(NAME)
}

/// Builds the peer, unless it is there.
pub fn build() -> Result<()> {
    let (package, checksum) = real::fetch(&real::Catalogue::load()?, PACKAGE)?;
    let place = aflplusplus_440();
    let mark = place.join(".built");
    let wanted = format!("{checksum} {RECIPE}");
    if fs::read_to_string(&mark).is_ok_and(|text| text == wanted) {
        eprintln!("set-up: {NAME} is there");
        return Ok(());
    }
    eprintln!("building {NAME} (about a minute)");
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    real::copy_tree(&package.join(SOURCE), &place)?;
    make(&place).with_context(|| format!("cannot build {NAME}"))?;
    for program in PROGRAMS {
        if !place.join(program).exists() {
            bail!("the build of {NAME} ended well, but did not make {program}");
        }
    }
    // Last, so that a build that was broken off is begun again.
    fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))
}

fn make(place: &Path) -> Result<()> {
    let config = place.join("include/config.h");
    let text =
        fs::read_to_string(&config).with_context(|| format!("cannot read {}", config.display()))?;
    if !text.contains(VERSION) {
        bail!("package {PACKAGE} carries another version than {VERSION}");
    }
    for folder in LEFT_OUT {
        let folder: PathBuf = place.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for (makefile, goals) in STEPS {
        let mut command = Command::new("make");
        command
            .args(["-f", makefile, "-j", &jobs.to_string()])
            // Its mutators in Python need another package's headers.
            .args(["NO_PYTHON=1", &format!("LLVM_CONFIG={LLVM_CONFIG}")])
            .args(*goals)
            .current_dir(place);
        shell::run_logged(&mut command, &place.join("build.log"))?;
    }
    Ok(())
}
