//! What a custom mutator can do.

use std::path::Path;

/// Why a custom mutator cannot be used, or cannot be used any more.
#[derive(Debug, thiserror::Error)]
pub enum MutatorError {
    /// It cannot be loaded.
    #[error("cannot load the custom mutator {library} (AFL_CUSTOM_MUTATOR_LIBRARY): {reason}")]
    Load {
        /// The library.
        library: String,
        /// What the system's loader said.
        reason: String,
    },
    /// A function that every library has is missing.
    #[error(
        "the custom mutator {library} has no {function}: each has to export afl_custom_init and \
         afl_custom_deinit, C functions without C++ names (extern \"C\")"
    )]
    Missing {
        /// The library.
        library: String,
        /// The function.
        function: &'static str,
    },
    /// It does nothing that tine calls.
    #[error(
        "the custom mutator {0} has none of the functions that do something: export \
         afl_custom_fuzz, or one of those in docs/custom-mutators.md"
    )]
    Useless(String),
    /// Its `afl_custom_init` said no.
    #[error("the custom mutator {0} did not start: its afl_custom_init returned NULL")]
    Init(String),
    /// A variable asks for what is not there.
    #[error("{variable} is set, but {why}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// It says that it failed.
    #[error("the custom mutator {library} failed: its {function} returned {value}")]
    Failed {
        /// The library.
        library: String,
        /// The function.
        function: &'static str,
        /// What it returned.
        value: i64,
    },
    /// A file of the queue that it was to change is not what it was.
    #[error("cannot read {path}, which the custom mutator says it changed: {source}")]
    Changed {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a mutator has; what it has not is never called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities {
    /// [`CustomMutator::fuzz`]
    pub fuzz: bool,
    /// [`CustomMutator::fuzz_count`]
    pub fuzz_count: bool,
    /// [`CustomMutator::fuzz`] does without a second input.
    pub splice_optout: bool,
    /// [`CustomMutator::havoc_mutation`]
    pub havoc_mutation: bool,
    /// [`CustomMutator::post_process`]
    pub post_process: bool,
    /// [`CustomMutator::init_trim`], [`CustomMutator::trim`], [`CustomMutator::post_trim`]
    pub trim: bool,
    /// [`CustomMutator::queue_get`]
    pub queue_get: bool,
    /// [`CustomMutator::queue_new_entry`]
    pub queue_new_entry: bool,
    /// [`CustomMutator::describe`]
    pub describe: bool,
    /// [`CustomMutator::send`]
    pub send: bool,
    /// [`CustomMutator::post_run`]
    pub post_run: bool,
}

/// A mutator that is not tine's own: `AFL++`'s `afl_custom_*` functions, as Rust.
///
/// Outputs are written to buffers that are empty when they come. A function that says
/// `false` has no result; what it wrote then does not count. Only what
/// [`Self::abilities`] names is called.
pub trait CustomMutator: std::fmt::Debug {
    /// A short name, for file names and messages.
    fn name(&self) -> &str;

    /// What it has.
    fn abilities(&self) -> Abilities;

    /// Whether the testcase in `file` is to be fuzzed now, by anyone.
    fn queue_get(&mut self, _file: &Path) -> bool {
        true
    }

    /// How often [`Self::fuzz`] is called for `input`.
    fn fuzz_count(&mut self, _input: &[u8]) -> u32 {
        0
    }

    /// Makes another input of `input`, no longer than `most` bytes. `other` is another
    /// testcase, for those that can make use of it.
    fn fuzz(
        &mut self,
        _input: &[u8],
        _other: Option<&[u8]>,
        _most: usize,
        _output: &mut Vec<u8>,
    ) -> bool {
        false
    }

    /// What the last [`Self::fuzz`] did, in at most `most` bytes, for a file name.
    fn describe(&mut self, _most: usize) -> Option<String> {
        None
    }

    /// One mutation of `input`, stacked with tine's own.
    fn havoc_mutation(&mut self, _input: &[u8], _most: usize, _output: &mut Vec<u8>) -> bool {
        false
    }

    /// How often [`Self::havoc_mutation`] is called, in percent of the mutations.
    fn havoc_probability(&mut self) -> u8 {
        6
    }

    /// Makes of `input` what the target is to be given. `false`: it is not to be run.
    fn post_process(&mut self, _input: &[u8], _output: &mut Vec<u8>) -> bool {
        false
    }

    /// Begins to make `input` shorter. Returns how many steps there are at the most.
    ///
    /// # Errors
    /// When it cannot.
    fn init_trim(&mut self, _input: &[u8]) -> Result<u32, MutatorError> {
        Ok(0)
    }

    /// The next shorter input.
    fn trim(&mut self, _output: &mut Vec<u8>) -> bool {
        false
    }

    /// Hears whether the last one still covers the same. Returns which step is next.
    ///
    /// # Errors
    /// When it cannot go on.
    fn post_trim(&mut self, _success: bool) -> Result<u32, MutatorError> {
        Ok(u32::MAX)
    }

    /// Hears of a new testcase in `file`, made from that in `source`. Returns whether
    /// it changed the file.
    fn queue_new_entry(&mut self, _file: &Path, _source: Option<&Path>) -> bool {
        false
    }

    /// Hands `input` to the target by a way of its own, before the run.
    fn send(&mut self, _input: &[u8]) {}

    /// Hears that a run is over.
    fn post_run(&mut self) {}
}
