//! What the command line says, as far as tine has to know.

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf};

/// How far the compiler goes, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// `-E`, `-M`, `-MM`: the preprocessor only.
    Preprocess,
    /// `-fsyntax-only` and the like: no code comes out.
    Check,
    /// `-S`, `-c`, or a precompiled header.
    Compile,
    /// To the end.
    #[default]
    Link,
}

/// What the linker makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Output {
    /// A program.
    #[default]
    Program,
    /// `-shared`.
    SharedObject,
    /// `-r`: one object file of several.
    Relocatable,
}

/// A file that holds code to be instrumented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// As the user named it.
    pub(crate) name: OsString,
    /// It went through the preprocessor before: its first line names another file.
    pub(crate) is_preprocessed: bool,
}

/// What the command line says, as far as tine has to know.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The compiler is asked about itself, or has nothing to work on.
    pub(crate) is_question: bool,
    pub(crate) stage: Stage,
    pub(crate) output: Output,
    /// Where it goes, if the user said so.
    pub(crate) output_file: Option<PathBuf>,
    /// Some input goes through the preprocessor.
    pub(crate) preprocesses: bool,
    /// Inputs in C, C++ or Objective-C.
    pub(crate) sources: Vec<Source>,
    /// Inputs that are compiled for another processor as well as this one.
    pub(crate) device_code: Vec<OsString>,
    /// The user said `-g…`.
    pub(crate) debug_info: bool,
    /// The user said `-O…`.
    pub(crate) optimised: bool,
    /// The user said `-f[no-]omit-frame-pointer`.
    pub(crate) frame_pointer: bool,
    /// `-flto` is on.
    pub(crate) lto: bool,
    /// The user chose a linker.
    pub(crate) chooses_linker: bool,
    /// `-nostdlib` or a relative of it: no C library unless it is named.
    pub(crate) no_libc: bool,
    /// The program loads no shared object.
    pub(crate) is_static: bool,
    /// The C++ library, at least, is linked statically.
    pub(crate) static_cxx: bool,
    /// `-lc` is there.
    pub(crate) names_libc: bool,
    /// Linker scripts that the user gave with `-T`.
    pub(crate) scripts: Vec<OsString>,
    /// Functions that the user has the linker wrap.
    pub(crate) wrapped: BTreeSet<String>,
    /// What the command line says of the processor.
    pub(crate) architecture: Architecture,
    /// `-fno-sanitize-coverage=…` leaves nothing that counts: this file is not to be
    /// instrumented.
    pub(crate) no_coverage: bool,
    /// `-fno-sanitize-coverage=trace-cmp`: its comparisons are not to be logged.
    pub(crate) no_compares: bool,
    /// `--cmplog`, which is tine's own: comparisons can be logged.
    pub(crate) cmplog: bool,
    /// `-fsanitize=fuzzer`: a harness is there, maybe in a library.
    pub(crate) fuzzer: bool,
    /// Sanitizers that the user asked for.
    pub(crate) sanitizers: BTreeSet<String>,
    /// Macros that the user defines.
    pub(crate) macros: BTreeSet<String>,
    /// Options that take back what a configuration file asks for.
    pub(crate) undo: Vec<&'static str>,
}

impl Facts {
    /// Some input is C, C++ or Objective-C.
    pub(crate) fn has_source(&self) -> bool {
        self.preprocesses || !self.sources.is_empty()
    }
}

/// The processor that code is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// The compiler's own choice.
    #[default]
    Default,
    /// 64-bit x86, asked for.
    Fits,
    /// Another one, for this option.
    Foreign(String),
}
