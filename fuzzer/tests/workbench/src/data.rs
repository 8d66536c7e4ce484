//! `targets/expected.toml`: what each sample target does.

use std::path::PathBuf;
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use serde::Deserialize;

/// The folder of the sample targets.
#[must_use]
pub fn folder() -> PathBuf {
    crate::project().join("targets")
}

/// All sample targets.
///
/// # Panics
/// If the file can't be read or is not as its heading says.
#[must_use]
pub fn expected() -> &'static [TargetData] {
    static DATA: OnceLock<File> = OnceLock::new();
    let file = DATA.get_or_init(|| {
        let path = folder().join("expected.toml");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    &file.target
}

/// The target of this name.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn target(name: &str) -> &'static TargetData {
    expected()
        .iter()
        .find(|target| target.name == name)
        .unwrap_or_else(|| panic!("targets/expected.toml has no target {name}"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    target: Vec<TargetData>,
}

/// One sample target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetData {
    /// Name of the program.
    pub name: String,
    /// What it does, in a few words.
    pub behaviour: String,
    /// Its source files, in the targets' folder.
    pub sources: Vec<String>,
    /// Flags for the compiler.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Shared objects that it is linked with.
    #[serde(default)]
    pub libraries: Vec<Library>,
    /// Which compilers can build it.
    #[serde(default)]
    pub compilers: Compilers,
    /// How it cooperates with a fork server.
    #[serde(default)]
    pub mode: Mode,
    /// How it takes its input.
    #[serde(default)]
    pub input: InputRoute,
    /// The exit code that the user calls a crash.
    pub crash_exit_code: Option<i32>,
    /// With clang, it has more edges than this.
    #[serde(default)]
    pub edges_over: usize,
    /// Inputs and how a run ends with them.
    pub cases: Vec<Case>,
    /// What takes more than one input.
    pub sequence: Option<Sequence>,
    /// How to fuzz it.
    #[serde(default)]
    pub fuzz: Fuzz,
}

/// Inputs that one process takes one after another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The inputs.
    pub inputs: Vec<Input>,
    /// How the run of the last one ends.
    pub outcome: Expected,
}

impl TargetData {
    /// Whether the C++ compiler builds it.
    #[must_use]
    pub fn is_cxx(&self) -> bool {
        self.sources.iter().any(|source| source.ends_with(".cc"))
    }

    /// Whether it is a program of its own rather than a harness.
    ///
    /// # Panics
    /// If a source file can't be read.
    #[must_use]
    pub fn has_main(&self) -> bool {
        self.sources.iter().any(|source| {
            let path = folder().join(source);
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            text.contains("int main(")
        })
    }

    /// Whether this compiler can build it.
    #[must_use]
    pub fn is_for(&self, compiler: &crate::Compiler) -> bool {
        compiler.clang || self.compilers == Compilers::Any
    }
}

/// A shared object of a target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// `NAME` in `libNAME.so`.
    pub name: String,
    /// Its source files.
    pub sources: Vec<String>,
}

/// Which compilers can build a target.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compilers {
    /// clang and gcc.
    #[default]
    Any,
    /// clang alone.
    Clang,
}

/// How a target cooperates with a fork server.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Not at all.
    #[default]
    Fork,
    /// `__AFL_INIT`.
    Deferred,
    /// `__AFL_LOOP`.
    Persistent,
}

/// How a target takes its input.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputRoute {
    /// On its standard input.
    #[default]
    Stdin,
    /// From a file that its argument names.
    File,
    /// From shared memory; without a fuzzer on its standard input.
    Shm,
}

/// An input and how the run ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The input.
    pub input: Input,
    /// How it ends under a fuzzer.
    pub outcome: Expected,
    by_hand: Option<Expected>,
    time_limit: Option<u64>,
    /// Whether it covers an edge that no case before it covers.
    #[serde(default)]
    pub new_edges: bool,
}

impl Case {
    /// How it ends without a fuzzer.
    #[must_use]
    pub fn by_hand(&self) -> Expected {
        match self.by_hand.unwrap_or(self.outcome) {
            Expected::Ok => Expected::Exit(0),
            other => other,
        }
    }

    /// Limit of the run in milliseconds. Where the data names none there is time
    /// enough for a busy machine.
    #[must_use]
    pub fn time_limit(&self) -> u64 {
        self.time_limit.unwrap_or(10_000)
    }
}

/// How to fuzz a target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fuzz {
    /// Inputs to start from; if none, the cases that end by themselves.
    #[serde(default)]
    pub seeds: Vec<Input>,
    /// What has to be found.
    pub finds: Option<Expected>,
    /// Executions at most.
    pub within: u64,
    /// Limit of a run in milliseconds.
    #[serde(default = "second")]
    pub time_limit: u64,
}

fn second() -> u64 {
    1000
}

impl Default for Fuzz {
    fn default() -> Self {
        Self {
            seeds: Vec::new(),
            finds: None,
            within: 300,
            time_limit: second(),
        }
    }
}

/// An input, in one of several ways to write it down.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// Text.
    Text(String),
    /// Bytes, as pairs of hexadecimal digits.
    Hex {
        /// The digits.
        hex: String,
    },
    /// Text, many times.
    Repeat {
        /// The text.
        repeat: String,
        /// How often.
        times: usize,
    },
    /// The content of a file in the targets' folder.
    File {
        /// Its path from there.
        file: String,
    },
}

impl Input {
    /// The input's bytes.
    ///
    /// # Panics
    /// If the digits are no pairs, or the file can't be read.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex { hex } => hex
                .as_bytes()
                .chunks(2)
                .map(|pair| {
                    let pair = std::str::from_utf8(pair).expect("hexadecimal digits are ASCII");
                    assert_eq!(pair.len(), 2, "{hex}: digits come in pairs");
                    u8::from_str_radix(pair, 16).unwrap_or_else(|error| panic!("{hex}: {error}"))
                })
                .collect(),
            Self::Repeat { repeat, times } => repeat.as_bytes().repeat(*times),
            Self::File { file } => {
                let path = folder().join(file);
                std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            }
        }
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Hex { hex } => write!(f, "0x{hex}"),
            Self::Repeat { repeat, times } => write!(f, "{times} x {repeat:?}"),
            Self::File { file } => f.write_str(file),
        }
    }
}

/// How a run is expected to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Expected {
    /// A pass of the persistent loop ends.
    Ok,
    /// It exits with this code.
    Exit(i32),
    /// It exits with this code, which counts as a crash.
    CrashExit(i32),
    /// This signal ends it.
    Signal(Signal),
    /// It is over its time limit.
    Timeout,
}

impl Expected {
    /// Whether a fuzzer counts it as a crash.
    #[must_use]
    pub fn is_crash(self) -> bool {
        matches!(self, Self::CrashExit(_) | Self::Signal(_))
    }
}

impl TryFrom<String> for Expected {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |code: &str| code.parse().map_err(|_| format!("{text}: no exit code"));
        match text.split_once(':') {
            None if text == "ok" => Ok(Self::Ok),
            None if text == "timeout" => Ok(Self::Timeout),
            Some(("exit", code)) => number(code).map(Self::Exit),
            Some(("crash-exit", code)) => number(code).map(Self::CrashExit),
            Some(("signal", name)) => name
                .parse()
                .map(Self::Signal)
                .map_err(|_| format!("{text}: no such signal")),
            _ => Err(format!(
                "{text}: not ok, exit:N, crash-exit:N, signal:NAME or timeout"
            )),
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Exit(code) => write!(f, "exit:{code}"),
            Self::CrashExit(code) => write!(f, "crash-exit:{code}"),
            Self::Signal(signal) => write!(f, "signal:{signal}"),
            Self::Timeout => f.write_str("timeout"),
        }
    }
}
