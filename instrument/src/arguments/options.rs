//! Which options take the word behind them, and what inputs are.

use std::path::Path;

/// Options whose value may stand in the next word. Those that may also be
/// joined to it (`-I dir`, `-Idir`) take the next word only when they stand
/// alone, which is how they are written here.
const WITH_VALUE: &[&str] = &[
    "-o",
    "-x",
    "-I",
    "-D",
    "-U",
    "-L",
    "-l",
    "-B",
    "-F",
    "-T",
    "-u",
    "-e",
    "-z",
    "-A",
    "-h",
    "-MF",
    "-MT",
    "-MQ",
    "-MJ",
    "-include",
    "-include-pch",
    "-imacros",
    "-isystem",
    "-cxx-isystem",
    "-stdlib++-isystem",
    "-iquote",
    "-idirafter",
    "-iprefix",
    "-iwithprefix",
    "-iwithprefixbefore",
    "-iwithsysroot",
    "-isysroot",
    "-isystem-after",
    "-imultilib",
    "-imultiarch",
    "-iframework",
    "-ivfsoverlay",
    "-framework",
    "-Xclang",
    "-Xlinker",
    "-Xassembler",
    "-Xpreprocessor",
    "-Xanalyzer",
    "-Xopenmp-target",
    "-Xoffload-linker",
    "-mllvm",
    "-arch",
    "-target",
    "-gcc-toolchain",
    "-wrapper",
    "-working-directory",
    "-resource-dir",
    "-rpath",
    "-Tbss",
    "-Tdata",
    "-Ttext",
    "-aux-info",
    "-dumpbase",
    "-dumpbase-ext",
    "-dumpdir",
    "-main-file-name",
    "-serialize-diagnostics",
    "--serialize-diagnostics",
    "--param",
    "--sysroot",
    "--config",
    "--output",
    "--language",
    "--include",
    "--imacros",
    "--include-directory",
    "--library-directory",
    "--define-macro",
    "--undefine-macro",
    "--for-linker",
    "--for-assembler",
    "--entry",
    "--force-link",
    "--prefix",
    "--specs",
    "--std",
];

/// Whether the word behind `option` is its value.
pub(super) fn takes_value(option: &str) -> bool {
    WITH_VALUE.contains(&option) || option.starts_with("-Xarch_")
}

/// Whether `option` makes the compiler print something about itself and stop.
pub(super) fn is_question(option: &str) -> bool {
    matches!(
        option,
        "--help"
            | "--version"
            | "--target-help"
            | "-dumpversion"
            | "-dumpfullversion"
            | "-dumpmachine"
            | "-dumpspecs"
            | "-cc1"
            | "-cc1as"
    ) || option.starts_with("--help=")
        || option.starts_with("-print-")
        || option.starts_with("--print-")
}

/// What an input is to tine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// C, C++ or Objective-C that goes through the preprocessor.
    Source,
    /// The same, preprocessed already.
    Preprocessed,
    /// A header, which becomes a precompiled one.
    Header,
    /// Something that is compiled or assembled but never instrumented.
    Other,
    /// Something for the linker.
    Object,
}

/// What `name` is, given the language of the `-x` before it.
pub(super) fn classify(language: Option<&str>, name: &str) -> Input {
    if let Some(language) = language {
        return match language {
            "c" | "c++" | "objective-c" | "objective-c++" => Input::Source,
            "cpp-output"
            | "c-cpp-output"
            | "c++-cpp-output"
            | "objective-c-cpp-output"
            | "objective-c++-cpp-output" => Input::Preprocessed,
            _ if language.ends_with("-header") || language.ends_with("-user-header") => {
                Input::Header
            }
            _ => Input::Other,
        };
    }
    match Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("c" | "cc" | "cp" | "cxx" | "cpp" | "CPP" | "c++" | "C" | "CC" | "m" | "mm" | "M") => {
            Input::Source
        }
        Some("i" | "ii" | "mi" | "mii") => Input::Preprocessed,
        Some("h" | "hh" | "H" | "hp" | "hxx" | "hpp" | "HPP" | "h++" | "tcc") => Input::Header,
        Some("s" | "S" | "sx" | "asm" | "ll" | "bc" | "cu" | "cl" | "cppm" | "f" | "f90" | "d") => {
            Input::Other
        }
        // `-` without `-x` is C to the preprocessor and an error otherwise.
        _ if name == "-" => Input::Source,
        _ => Input::Object,
    }
}
