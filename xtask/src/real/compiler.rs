//! A compiler wrapper that builds targets.

use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{paths, shell};

/// A C compiler (or a wrapper of one), its C++ sibling, and where its output goes.
pub struct Compiler {
    cc: PathBuf,
    cxx: Option<PathBuf>,
    label: String,
    environment: Vec<(String, String)>,
    flags: Vec<String>,
    main: Option<PathBuf>,
}

impl Compiler {
    /// The compiler at a path, or of that name on PATH.
    pub fn at(cc: &Path, label: Option<String>) -> Result<Compiler> {
        let resolved = if cc.components().count() == 1 {
            paths::find_program(&cc.to_string_lossy())
        } else {
            // Not canonicalized: a wrapper may go by the name it was called by.
            std::path::absolute(cc).ok().filter(|path| path.exists())
        };
        let Some(resolved) = resolved else {
            bail!("no compiler at `{}`", cc.display());
        };
        let label = label.unwrap_or_else(|| default_label(&resolved));
        if label.is_empty() || label.contains('/') || label == "src" || label == "manifest" {
            bail!("`{label}` cannot be a label: it names a folder below target/real");
        }
        let cxx = cxx_of(&resolved);
        Ok(Compiler {
            cc: resolved,
            cxx,
            label,
            environment: Vec::new(),
            flags: Vec::new(),
            main: None,
        })
    }

    /// tine-cc of this workspace, built first.
    pub fn tine_cc(label: Option<String>) -> Result<Compiler> {
        let mut build = Command::new(paths::cargo());
        build.args(["build", "--package", "tine", "--bins"]);
        shell::run(build.current_dir(paths::root()))?;
        Compiler::at(&paths::target_dir().join("debug/tine-cc"), label)
    }

    /// Adds a variable to the environment of every compile.
    pub fn with_env(mut self, name: &str, value: &str) -> Compiler {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Adds flags to every compile of a harness, and to its link.
    pub fn with_flags(mut self, flags: &[&str]) -> Compiler {
        self.flags
            .extend(flags.iter().map(|&flag| String::from(flag)));
        self
    }

    /// Links harnesses with this source of a `main` only, and so makes one program of
    /// each, which goes by the target's name.
    pub fn with_main(mut self, main: &Path) -> Compiler {
        self.main = Some(main.into());
        self
    }

    /// The one source of a `main`, if there is one.
    pub fn main(&self) -> Option<&Path> {
        self.main.as_deref()
    }

    /// The folder name of its output.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// A compile.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.cc);
        self.apply_env(&mut command);
        command.args(&self.flags);
        command
    }

    /// Tells a build system to use it.
    pub fn apply(&self, command: &mut Command) {
        self.apply_env(command);
        command.env("CC", &self.cc);
        if let Some(cxx) = &self.cxx {
            command.env("CXX", cxx);
        }
    }

    /// The C compiler's path.
    pub fn cc(&self) -> &Path {
        &self.cc
    }

    fn apply_env(&self, command: &mut Command) {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Feeds everything that changes what it produces into a hash: the wrapper's
    /// own bytes and the variables by which a wrapper chooses its compiler.
    pub fn hash_into(&self, hasher: &mut impl Hasher) -> Result<()> {
        fs::read(&self.cc)
            .with_context(|| format!("cannot read {}", self.cc.display()))?
            .hash(hasher);
        self.environment.hash(hasher);
        self.flags.hash(hasher);
        if let Some(main) = &self.main {
            fs::read(main)
                .with_context(|| format!("cannot read {}", main.display()))?
                .hash(hasher);
        }
        for name in [
            "TINE_CC",
            "TINE_CXX",
            "AFL_CC",
            "AFL_USE_ASAN",
            "AFL_USE_UBSAN",
        ] {
            std::env::var_os(name).hash(hasher);
        }
        Ok(())
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cc.display())
    }
}

fn default_label(cc: &Path) -> String {
    let name = cc
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match std::env::var("TINE_CC") {
        Ok(inner) if name == "tine-cc" => {
            let inner = Path::new(&inner).file_name().unwrap_or_default();
            format!("{name}-{}", inner.to_string_lossy())
        }
        _ => name,
    }
}

/// The C++ compiler that lies beside a C compiler, by the usual pairs of names.
fn cxx_of(cc: &Path) -> Option<PathBuf> {
    let name = cc.file_name()?.to_str()?;
    let candidates = [
        name.replace("tine-cc", "tine-cxx"),
        name.replace("clang-fast", "clang-fast++"),
        name.replace("clang", "clang++"),
        name.replace("gcc", "g++"),
    ];
    let sibling = candidates.into_iter().find(|other| other != name)?;
    let sibling = cc.with_file_name(sibling);
    sibling.exists().then_some(sibling)
}
