//! Finds the compiler behind `tine-cc`, and what it is.

use crate::{Language, error::InstrumentError, settings::Settings};
use std::{
    ffi::{OsStr, OsString},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Versions of clang that tine is tested with, the newest first. Debian and its
/// children install them side by side under these suffixes.
const CLANG_VERSIONS: std::ops::RangeInclusive<u32> = 14..=22;

/// The first clang that can put a test around callbacks at comparisons.
pub(crate) const CLANG_WITH_GATE: u32 = 20;

/// Programs that run a compiler named by their first argument.
const LAUNCHERS: &[&str] = &["ccache", "sccache", "distcc", "icecc"];

/// Which kind of instrumentation a compiler has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Counters in a section of their own.
    Clang,
    /// A callback at each basic block.
    Gcc,
}

/// The compiler that does the work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Compiler {
    /// The program to execute: the compiler, or a launcher.
    pub(crate) program: PathBuf,
    /// What goes in front of everything else: with a launcher, the compiler;
    /// options from the user's variable.
    pub(crate) leading: Vec<OsString>,
    /// The compiler itself.
    pub(crate) path: PathBuf,
    pub(crate) family: Family,
}

impl Compiler {
    /// The compiler for `language`: the user's choice, else the newest clang,
    /// else gcc.
    pub(crate) fn find(
        language: Language,
        settings: &Settings,
    ) -> Result<Compiler, InstrumentError> {
        if let Some(words) = chosen(language, settings)? {
            return Compiler::from_words(words, language);
        }
        let names = candidates(language);
        let mut found = names
            .iter()
            .filter_map(|name| which(OsStr::new(name), settings));
        // With tine-cc installed as `cc`, the compiler has another name.
        match found.find(|path| !is_own(path)) {
            Some(path) => Compiler::from_words(vec![path.into()], language),
            None => Err(InstrumentError::NoCompiler {
                looked_for: names.join(", "),
                variable: language.variable(),
            }),
        }
    }

    /// The triple that its name begins with (`aarch64-linux-gnu-gcc-12`), if that is not of
    /// 64-bit x86.
    pub(crate) fn foreign_triple(&self) -> Option<&str> {
        let name = self.path.file_name()?.to_str()?;
        let triple = ["-clang", "-gcc", "-g++"]
            .iter()
            .find_map(|compiler| Some(&name[..name.find(compiler)?]))?;
        // `-musl-gcc` and the like are no triples.
        let fits =
            matches!(triple.split('-').next()?, "x86_64" | "amd64") && !triple.ends_with("x32");
        (triple.contains('-') && !fits).then_some(triple)
    }

    /// Whether a launcher such as ccache runs it.
    pub(crate) fn is_launched(&self) -> bool {
        self.program != self.path
    }

    /// The version of clang, by its name or by asking it.
    pub(crate) fn version(&self) -> Result<u32, InstrumentError> {
        match self.named_version() {
            Some(version) => Ok(version),
            None => probe_version(&self.path),
        }
    }

    /// The version of clang by the names of its file and of its folder.
    pub(crate) fn named_version(&self) -> Option<u32> {
        let real = self.path.canonicalize();
        let real = real.as_deref().unwrap_or(&self.path);
        version(real).or_else(|| version(&self.path))
    }

    fn from_words(words: Vec<OsString>, language: Language) -> Result<Compiler, InstrumentError> {
        let mut words = words.into_iter();
        let program = PathBuf::from(words.next().unwrap_or_default());
        let leading: Vec<OsString> = words.collect();
        let path = match leading.first() {
            Some(compiler) if is_launcher(&program) => PathBuf::from(compiler),
            _ => program.clone(),
        };
        if is_own(&path) {
            return Err(InstrumentError::OwnWrapper {
                path,
                variable: language.variable(),
            });
        }
        let family = match family_by_name(&path) {
            Some(family) => family,
            None => probe(&path, language)?,
        };
        Ok(Compiler {
            program,
            leading,
            path,
            family,
        })
    }
}

/// The version in `/usr/lib/llvm-19/bin/clang` or `/usr/bin/clang++-19`.
fn version(path: &Path) -> Option<u32> {
    let number = |name: &OsStr| name.to_str()?.rsplit_once('-')?.1.parse().ok();
    let folder = |path: &Path| Some(PathBuf::from(path.parent()?.parent()?.file_name()?));
    number(path.file_name()?).or_else(|| number(folder(path)?.as_os_str()))
}

/// The compilers and linkers by the names that are looked up, as far as they are there.
pub(crate) fn known_tools(settings: &Settings) -> Vec<String> {
    let linkers = ["ld.lld", "ld", "gcc"].map(str::to_owned);
    let mut names = candidates(Language::C);
    names.retain(|name| name != "cc" && name != "gcc");
    names.extend(linkers);
    names.retain(|name| which(OsStr::new(name), settings).is_some_and(|path| !is_own(&path)));
    names
}

/// Whether `path` is this wrapper, which would run itself for ever.
fn is_own(path: &Path) -> bool {
    let Ok(theirs) = path.canonicalize() else {
        return false;
    };
    let own = std::env::current_exe().and_then(|path| path.canonicalize());
    let name = theirs.file_name().unwrap_or_default();
    own.is_ok_and(|own| own == theirs) || name == "tine-cc" || name == "tine-cxx"
}

/// Names to look up, in this order.
fn candidates(language: Language) -> Vec<String> {
    let [clang, gcc, generic] = match language {
        Language::C => ["clang", "gcc", "cc"],
        Language::Cxx => ["clang++", "g++", "c++"],
    };
    let versioned = CLANG_VERSIONS
        .rev()
        .map(|version| format!("{clang}-{version}"));
    versioned
        .chain([clang, gcc, generic].map(str::to_owned))
        .collect()
}

/// The program, or launcher and compiler, that the user chose.
fn chosen(
    language: Language,
    settings: &Settings,
) -> Result<Option<Vec<OsString>>, InstrumentError> {
    let variable = language.variable();
    if let Some(value) = settings.compiler(language) {
        return resolve(value, settings).map(Some).ok_or_else(|| {
            InstrumentError::CompilerNotFound {
                variable,
                name: value.to_owned(),
            }
        });
    }
    let other = language.other();
    let Some(value) = settings.compiler(other) else {
        return Ok(None);
    };
    let sibling = sibling(value, language).and_then(|name| resolve(&name, settings));
    sibling.map(Some).ok_or_else(|| InstrumentError::NoSibling {
        set: other.variable(),
        name: value.to_owned(),
        unset: variable,
    })
}

/// Turns the user's words into paths. A file may have blanks in its name, so
/// the whole is tried first.
fn resolve(value: &OsStr, settings: &Settings) -> Option<Vec<OsString>> {
    if let Some(path) = which(value, settings) {
        return Some(vec![path.into()]);
    }
    let mut words = value.to_str()?.split_whitespace();
    let program = which(OsStr::new(words.next()?), settings)?;
    let launches = is_launcher(&program);
    let mut resolved = vec![OsString::from(program)];
    if launches {
        resolved.push(which(OsStr::new(words.next()?), settings)?.into());
    }
    // Options that the user put into the variable are not for this crate to
    // judge; the shell habit of CC="gcc -std=c99" is served as it is.
    resolved.extend(words.map(OsString::from));
    (resolved.len() > 1).then_some(resolved)
}

fn is_launcher(program: &Path) -> bool {
    program
        .file_name()
        .is_some_and(|name| LAUNCHERS.iter().any(|launcher| name == *launcher))
}

/// The name of the compiler of the other language: `clang-19` and `clang++-19`.
fn sibling(value: &OsStr, language: Language) -> Option<OsString> {
    const PAIRS: [(&str, &str); 3] = [("clang", "clang++"), ("gcc", "g++"), ("cc", "c++")];
    let text = value.to_str()?;
    let name_at = text.rfind(['/', ' ']).map_or(0, |separator| separator + 1);
    let (folder, name) = text.split_at(name_at);
    PAIRS.iter().find_map(|(c, cxx)| {
        let (from, to) = match language {
            Language::C => (cxx, c),
            Language::Cxx => (c, cxx),
        };
        let at = name.rfind(from)?;
        let (before, after) = (&name[..at], &name[at + from.len()..]);
        Some(format!("{folder}{before}{to}{after}").into())
    })
}

/// The file that the shell would run for `name`.
pub(crate) fn which(name: &OsStr, settings: &Settings) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(name)).filter(|path| is_executable(path));
    }
    std::env::split_paths(settings.path.as_deref()?)
        .map(|folder| folder.join(name))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// What a compiler is by its name: `clang-19`, `x86_64-linux-gnu-g++-12`.
fn family_by_name(path: &Path) -> Option<Family> {
    let name = path.file_name()?.to_str()?;
    let name = match name.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => name,
        _ => name,
    };
    match name.rsplit('-').next()? {
        "clang" | "clang++" => Some(Family::Clang),
        "gcc" | "g++" => Some(Family::Gcc),
        _ => None,
    }
}

/// Asks a compiler with any other name (`cc`, a vendor's own) what it is.
fn probe(path: &Path, language: Language) -> Result<Family, InstrumentError> {
    let unknown = |reason: String| InstrumentError::UnknownCompiler {
        path: path.to_owned(),
        reason,
        variable: language.variable(),
    };
    let macros = macros(path).map_err(|error| unknown(error.to_string()))?;
    if value_of(&macros, "__clang__").is_some() {
        Ok(Family::Clang)
    } else if value_of(&macros, "__GNUC__").is_some() {
        Ok(Family::Gcc)
    } else {
        Err(unknown("it is neither clang nor gcc".to_owned()))
    }
}

/// Asks a clang for its version.
fn probe_version(path: &Path) -> Result<u32, InstrumentError> {
    let unknown = |reason: String| InstrumentError::UnknownVersion {
        path: path.to_owned(),
        reason,
    };
    let macros = macros(path).map_err(|error| unknown(error.to_string()))?;
    value_of(&macros, "__clang_major__")
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| unknown("it does not define __clang_major__".to_owned()))
}

/// The macros that a compiler predefines.
fn macros(path: &Path) -> std::io::Result<String> {
    let output = Command::new(path)
        .args(["-dM", "-E", "-x", "c", "/dev/null"])
        .stdin(Stdio::null())
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn value_of<'m>(macros: &'m str, name: &str) -> Option<&'m str> {
    macros.lines().find_map(|line| {
        let mut words = line.splitn(3, ' ').skip(1);
        (words.next() == Some(name)).then(|| words.next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests;
