//! Which options take the next word as their value, and what inputs are.

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
    "-Xcuda-fatbinary",
    "-Xcuda-ptxas",
    "-Xclangas",
    "-G",
    "-mmlir",
    "-meabi",
    "-mthread-model",
    "-ccc-gcc-name",
    "-ccc-install-dir",
    "-dependency-dot",
    "-dependency-file",
    "-module-dependency-dir",
    "-fdebug-compilation-dir",
    "-fmodules-user-build-path",
    "-ftrapv-handler",
    "-gen-cdb-fragment-path",
    "-iapinotes-modules",
    "-iframeworkwithsysroot",
    "-vfsoverlay",
    "-dsym-dir",
    "--analyzer-output",
    "--CLASSPATH",
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

/// Whether `option` may decide which linker the compiler runs.
pub(super) fn matters_to_linking(option: &str) -> bool {
    const THESE: [&str; 12] = [
        "-fuse-ld",
        "--ld-path",
        "-B",
        "--prefix",
        "-specs",
        "--specs",
        "-target",
        "--target",
        "--sysroot",
        "--gcc-toolchain",
        "--config",
        "--no-default-config",
    ];
    THESE.iter().any(|these| option.starts_with(these))
        || [
            "-m64",
            "-gcc-toolchain",
            "-no-canonical-prefixes",
            "-wrapper",
        ]
        .contains(&option)
}

/// What an input is to tine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// C, C++ or Objective-C that goes through the preprocessor.
    Source,
    /// The same, preprocessed already.
    Preprocessed,
    /// The compiled interface of a C++20 module, which holds code as well.
    Module,
    /// A header, which becomes a precompiled one.
    Header,
    /// CUDA, HIP, OpenCL: compiled for another processor, maybe for this one as well.
    Device,
    /// Something that is compiled or assembled but never instrumented: assembler and
    /// LLVM's own language, which `tine-cc` may have instrumented before, and other
    /// languages.
    Other,
    /// Something for the linker.
    Object,
}

/// What `name` is, given the language of the `-x` before it.
pub(super) fn classify(language: Option<&str>, name: &str) -> Input {
    if let Some(language) = language {
        return match language {
            "c" | "c++" | "objective-c" | "objective-c++" | "c++-module" => Input::Source,
            "cuda" | "hip" | "cl" | "clcpp" => Input::Device,
            "pcm" => Input::Module,
            _ if language.ends_with("cpp-output") => Input::Preprocessed,
            _ if language.ends_with("-header") => Input::Header,
            _ => Input::Other,
        };
    }
    match Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some(
            "c" | "cc" | "cp" | "cxx" | "cpp" | "CPP" | "c++" | "C" | "CC" | "CXX" | "C++" | "m"
            | "mm" | "M"
            // Interfaces of C++20 modules, by the names of clang, gcc, MSVC and CMake.
            | "cppm" | "ccm" | "cxxm" | "c++m" | "ixx" | "mpp" | "mxx",
        ) => Input::Source,
        Some("i" | "ii" | "mi" | "mii" | "iim") => Input::Preprocessed,
        Some("pcm") => Input::Module,
        Some("h" | "hh" | "H" | "hp" | "hxx" | "hpp" | "HPP" | "h++" | "tcc") => Input::Header,
        Some("cu" | "cui" | "hip" | "hipi" | "cl" | "clcpp") => Input::Device,
        Some(
            "s" | "S" | "sx" | "asm" | "ll" | "bc" | "cuh" | "f" | "f90" | "F" | "F90" | "d" | "go"
            | "adb" | "ads",
        ) => Input::Other,
        // `-` without `-x` is C to the preprocessor and an error otherwise.
        _ if name == "-" => Input::Source,
        _ => Input::Object,
    }
}
