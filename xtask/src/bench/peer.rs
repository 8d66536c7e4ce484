//! The version of AFL++ that tine is measured against, and its compilers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::peers::unstable::Root;
use crate::real::Compiler;
use crate::{paths, peers, shell};

/// The clang inside the compilers of 4.04c and 4.40c.
const CLANG: &str = "clang-14";

/// The other fuzzer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Peer {
    /// Debian's package
    #[value(name = "4.04c")]
    V404,
    /// Built by `cargo xtask setup`
    #[value(name = "4.40c")]
    V440,
    /// Of Debian's unstable suite, whose root `cargo xtask peers` makes
    Unstable,
}

impl Peer {
    /// One of its programs.
    pub fn program(self, name: &str) -> Result<PathBuf> {
        let found = match self {
            Peer::V404 => paths::find_program(name),
            Peer::V440 => {
                Some(peers::aflplusplus_440().join(name)).filter(|program| program.exists())
            }
            Peer::Unstable => Some(Root::existing()?.program(name)),
        };
        found.with_context(|| {
            format!("no {name} of AFL++ {self}; run `cargo xtask setup`, which brings it")
        })
    }

    /// Its compiler. `suffix` tells several builds of one target apart.
    pub fn compiler(self, suffix: &str) -> Result<Compiler> {
        let label = match self {
            Peer::V404 => format!("bench-afl{suffix}"),
            other => format!("bench-afl-{other}{suffix}"),
        };
        let compiler = Compiler::at(&self.program("afl-clang-fast")?, Some(label))?;
        // Without the first variable afl-cc puts -O3 behind the flags that were given.
        Ok(compiler
            .with_env("AFL_DONT_OPTIMIZE", "1")
            .with_env("AFL_QUIET", "1"))
    }

    /// The `tine-cc` of a folder over the clang that the peer's compiler has inside.
    pub fn tine_cc(self, folder: &Path, suffix: &str) -> Result<Compiler> {
        let label = match self {
            Peer::V404 | Peer::V440 => format!("bench-tine{suffix}"),
            Peer::Unstable => format!("bench-tine-{self}{suffix}"),
        };
        let compiler = Compiler::at(&folder.join("tine-cc"), Some(label))?;
        Ok(match self {
            Peer::V404 | Peer::V440 => compiler.with_env("TINE_CC", CLANG),
            Peer::Unstable => {
                let root = Root::existing()?;
                let clang = |name: String| root.program(&name).to_string_lossy().into_owned();
                let version = root.versions.clang;
                compiler
                    .with_env("TINE_CC", &clang(format!("clang-{version}")))
                    .with_env("TINE_CXX", &clang(format!("clang++-{version}")))
            }
        })
    }

    /// The name of that clang.
    pub fn clang(self) -> Result<String> {
        match self {
            Peer::V404 | Peer::V440 => Ok(CLANG.into()),
            Peer::Unstable => Ok(Root::existing()?.clang()),
        }
    }

    /// What its afl-fuzz says about itself.
    pub fn version(self) -> Result<String> {
        let output = shell::output(Command::new(self.program("afl-fuzz")?).arg("--version"))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        // An old version knows no such option, and says its own name then.
        let Some((_, rest)) = text.split_once("afl-fuzz++") else {
            bail!("afl-fuzz of AFL++ {self} does not say its version");
        };
        // What follows may be a colour's end.
        let version: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '.')
            .collect();
        Ok(format!("afl-fuzz {version}"))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Peer::V404 => "4.04c",
            Peer::V440 => "4.40c",
            Peer::Unstable => "unstable",
        })
    }
}
