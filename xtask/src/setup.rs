//! What the tests need of the machine: system packages, a peer that is built, and the
//! parser for diagrams.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{docs, paths, peers, shell};

/// How to see whether a package is there.
enum Probe {
    /// A program on PATH.
    Program(&'static str),
    /// A file, for packages without a program.
    File(&'static str),
    /// Clang of that version finds its sanitizer runtime.
    ClangRuntime(&'static str),
}

/// Debian's names (12, bookworm); other distributions get them in the message.
const PACKAGES: &[(&str, Probe)] = &[
    ("gcc", Probe::Program("gcc")),
    ("g++", Probe::Program("g++")),
    ("libc6-dev", Probe::File("/usr/include/stdio.h")),
    // It has gold as well.
    ("binutils", Probe::Program("ld.gold")),
    ("make", Probe::Program("make")),
    ("cmake", Probe::Program("cmake")),
    ("clang-14", Probe::Program("clang-14")),
    ("clang-19", Probe::Program("clang-19")),
    ("clang-22", Probe::Program("clang-22")),
    ("libclang-rt-14-dev", Probe::ClangRuntime("clang-14")),
    ("libclang-rt-19-dev", Probe::ClangRuntime("clang-19")),
    ("libclang-rt-22-dev", Probe::ClangRuntime("clang-22")),
    ("lld-14", Probe::Program("ld.lld-14")),
    ("lld-19", Probe::Program("ld.lld-19")),
    ("lld-22", Probe::Program("ld.lld-22")),
    ("llvm-14-dev", Probe::Program("llvm-config-14")),
    (
        "libc++-14-dev",
        Probe::File("/usr/lib/llvm-14/include/c++/v1/string"),
    ),
    (
        "libc++abi-14-dev",
        Probe::File("/usr/lib/llvm-14/lib/libc++abi.so"),
    ),
    ("zlib1g-dev", Probe::File("/usr/include/zlib.h")),
    ("python3", Probe::Program("python3")),
    ("afl++", Probe::Program("afl-fuzz")),
    ("strace", Probe::Program("strace")),
    // A cache of objects in front of tine-cc, and a linker that takes no script.
    ("ccache", Probe::Program("ccache")),
    ("mold", Probe::Program("mold")),
    // Namespaces, for faults that would end more than the test.
    ("util-linux", Probe::Program("unshare")),
    // afl-plot draws with it.
    ("gnuplot-nox", Probe::Program("gnuplot")),
    ("nodejs", Probe::Program("node")),
    ("npm", Probe::Program("npm")),
];

/// Brings the system packages, builds the peer that no package has, installs the parser.
pub fn run() -> Result<()> {
    packages()?;
    peers::build()?;
    docs::install_parser()
}

/// Installs what is missing, or says what is missing and how to get it.
fn packages() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        eprintln!("set-up: all {} packages are there", PACKAGES.len());
        return Ok(());
    }
    let Some(prefix) = apt_get() else {
        bail!(
            "the tests need packages that are missing; on Debian or Ubuntu run: \
             sudo apt-get install --yes --no-install-recommends {}",
            missing.join(" ")
        );
    };
    shell::run(&mut apt(prefix, &["update"]))?;
    let mut install = apt(prefix, &["install", "--yes", "--no-install-recommends"]);
    shell::run(install.args(&missing))?;

    let still = self::missing();
    if !still.is_empty() {
        bail!(
            "apt-get installed these, yet their programs are not on PATH: {}",
            still.join(" ")
        );
    }
    Ok(())
}

fn missing() -> Vec<&'static str> {
    let absent = |(package, probe): &(&'static str, Probe)| (!present(probe)).then_some(*package);
    PACKAGES.iter().filter_map(absent).collect()
}

fn present(probe: &Probe) -> bool {
    match probe {
        Probe::Program(name) => paths::find_program(name).is_some(),
        Probe::File(path) => Path::new(path).exists(),
        Probe::ClangRuntime(clang) => clang_runtime(clang),
    }
}

/// Clang prints the bare name when it has no such file.
fn clang_runtime(clang: &str) -> bool {
    let query = "--print-file-name=libclang_rt.asan-x86_64.a";
    let printed = shell::capture(Command::new(clang).arg(query)).unwrap_or_default();
    if Path::new(printed.trim()).is_absolute() {
        return true;
    }
    // Newer clang names the folder by target and leaves the architecture out.
    let query = "--print-file-name=libclang_rt.asan.a";
    let printed = shell::capture(Command::new(clang).arg(query)).unwrap_or_default();
    Path::new(printed.trim()).is_absolute()
}

/// How apt-get can be run here: as root, by sudo without a password, or not at all.
fn apt_get() -> Option<&'static [&'static str]> {
    paths::find_program("apt-get")?;
    let user = shell::capture(Command::new("id").arg("-u")).unwrap_or_default();
    if user.trim() == "0" {
        return Some(&["apt-get"]);
    }
    let quiet_sudo = Command::new("sudo").args(["-n", "true"]).output();
    quiet_sudo
        .is_ok_and(|output| output.status.success())
        .then_some(&["sudo", "-n", "apt-get"])
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new(prefix[0]);
    command.args(&prefix[1..]).args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
