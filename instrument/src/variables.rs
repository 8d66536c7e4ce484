//! AFL++'s variables for compilers, and what each is to `tine-cc`: none that is set is
//! ignored in silence, apart from those that ask for what is done anyway.

use std::{ffi::OsStr, fmt::Write};

/// Variables with one answer.
struct Entry {
    names: &'static [&'static str],
    answer: Answer,
}

/// What a variable is to `tine-cc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It does this.
    Honoured(&'static str),
    /// It asks for what is done anyway, or for nothing that there is.
    Default(&'static str),
    /// It cannot do what it does for AFL++: for this reason.
    NoEffect(&'static str),
    /// These programs read it.
    Elsewhere(&'static str),
}

use Answer::{Default, Elsewhere, Honoured, NoEffect};

/// The variable that chooses the kind of instrumentation.
const INSTRUMENT: &str = "AFL_LLVM_INSTRUMENT";

/// Its values that ask for what `tine-cc` does.
const SAME_INSTRUMENTATION: [&str; 4] = ["DEFAULT", "NATIVE", "PCGUARD", "LLVM-NATIVE"];

/// Variables that name a list of what to instrument, the preferred ones first.
pub(crate) const ALLOWLISTS: &[&str] = &[
    "AFL_LLVM_ALLOWLIST",
    "AFL_GCC_ALLOWLIST",
    "AFL_LLVM_INSTRUMENT_FILE",
    "AFL_GCC_INSTRUMENT_FILE",
    "AFL_LLVM_WHITELIST",
    "AFL_GCC_WHITELIST",
];

/// Variables that name a list of what not to instrument.
pub(crate) const DENYLISTS: &[&str] = &[
    "AFL_LLVM_DENYLIST",
    "AFL_GCC_DENYLIST",
    "AFL_LLVM_BLOCKLIST",
    "AFL_GCC_BLOCKLIST",
];

#[rustfmt::skip]
const TABLE: &[Entry] = &[
    entry(&["AFL_USE_ASAN", "AFL_USE_MSAN", "AFL_USE_UBSAN", "AFL_USE_TSAN", "AFL_USE_LSAN",
        "AFL_USE_CFISAN"],
        Honoured("the sanitizer is switched on")),
    entry(&["AFL_LLVM_CMPLOG", "AFL_GCC_CMPLOG", "AFL_CMPLOG"],
        Honoured("as `--cmplog`")),
    entry(ALLOWLISTS, Honoured("a file: only these sources and functions are instrumented")),
    entry(DENYLISTS, Honoured("a file: these sources and functions are not instrumented")),
    entry(&["AFL_LLVM_DICT2FILE"],
        Honoured("the program's constants are written to this file too")),
    entry(&["AFL_HARDEN"],
        Honoured("the compiler's own checks at run time")),
    entry(&["AFL_DONT_OPTIMIZE"],
        Honoured("no `-O2` and no `-g` where you give none")),
    entry(&["AFL_OPT_LEVEL"],
        Honoured("the level in place of `-O2`, where you give none")),
    entry(&["AFL_NO_BUILTIN"],
        Honoured("functions that compare are called, not replaced by the compiler")),
    entry(&["AFL_NOOPT", "AFL_PASSTHROUGH"],
        Honoured("the compiler gets the words as they are")),
    entry(&["AFL_LLVM_AUTODICTIONARY", "AFL_LLVM_LTO_AUTODICTIONARY", "AFL_LLVM_SKIP_NEVERZERO",
        "AFL_GCC_SKIP_NEVERZERO", "AFL_LLVM_USE_TRACE_PC", "AFL_USE_TRACE_PC", "AFL_TRACE_PC",
        "AFL_LLVM_NO_RPATH", "AFL_LLVM_DONTWRITEID", "AFL_LLVM_LTO_DONTWRITEID",
        "AFL_LLVM_LTO_SKIPINIT", "AFL_LLVM_NO_ERROR", "AFL_LLVM_DENY_EXEC", "AFL_SKIP_OSSFUZZ",
        "AFL_GCC_DISABLE_VERSION_CHECK", "AFL_UBSAN_VERBOSE", "AFL_LLVM_C11"],
        Default("nothing of the kind needs to be switched on or off")),
    entry(&["AFL_CC", "AFL_CXX", "AFL_CC_COMPILER"],
        NoEffect("TINE_CC and TINE_CXX name the compiler, clang or gcc")),
    entry(&["AFL_COMPILER_LAUNCHER"],
        NoEffect("name the launcher in front of the compiler, as in TINE_CC=\"ccache clang\"")),
    entry(&["AFL_PATH", "AFL_REAL_LD", "AFL_REAL_PATH", "AFL_LD", "AFL_LD_CALLER",
        "AFL_LD_PASSTHROUGH", "AFL_AS", "AFL_GCJ", "AFL_KEEP_ASSEMBLY", "AFL_LLVM_LTO_PATH",
        "AFL_AS_FORCE_INSTRUMENT"],
        NoEffect("tine-cc carries its runtime and runs the compiler's own assembler and linker")),
    entry(&[INSTRUMENT],
        NoEffect("clang gets a counter for each edge and gcc a callback at each block")),
    entry(&["AFL_LLVM_CTX", "AFL_LLVM_CTX_K", "AFL_CTX_K", "AFL_LLVM_CTX_DEPTH",
        "AFL_LLVM_CALLER", "AFL_LLVM_CALLER_DEPTH", "AFL_LLVM_NGRAM_SIZE", "AFL_NGRAM_SIZE",
        "AFL_LLVM_LTO_CALLER", "AFL_LLVM_LTO_CALLER_DEPTH", "AFL_LLVM_LTO_CTX",
        "AFL_LLVM_LTO_CTX_DEPTH", "AFL_LLVM_PATH", "AFL_LLVM_PATH_MAX_PATHS",
        "AFL_LLVM_PATH_MODE"],
        NoEffect("edges are counted without the calls or edges before them")),
    entry(&["AFL_LLVM_INSTRIM", "AFL_LLVM_INSTRIM_LOOPHEAD", "AFL_LLVM_INSTRIM_SKIPSINGLEBLOCK",
        "AFL_LLVM_SKIPSINGLEBLOCK", "AFL_INST_RATIO"],
        NoEffect("the compiler chooses the edges that are counted; AFL_LLVM_ALLOWLIST narrows \
            them")),
    entry(&["AFL_LLVM_LAF_ALL", "AFL_LLVM_LAF_SPLIT_COMPARES", "AFL_LLVM_LAF_SPLIT_COMPARES_BITW",
        "AFL_LLVM_LAF_SPLIT_FLOATS", "AFL_LLVM_LAF_SPLIT_SWITCHES",
        "AFL_LLVM_LAF_TRANSFORM_COMPARES"],
        NoEffect("comparisons are not split but logged: build a second program with --cmplog and \
            give it to tine fuzz -c")),
    entry(&["AFL_LLVM_IJON"],
        NoEffect("there are no IJON annotations")),
    entry(&["AFL_LLVM_INJECTIONS_ALL", "AFL_LLVM_INJECTIONS_SQL", "AFL_LLVM_INJECTIONS_LDAP",
        "AFL_LLVM_INJECTIONS_XSS"],
        NoEffect("tine-cc does not look for injections")),
    entry(&["AFL_LLVM_NOT_ZERO"],
        NoEffect("clang's counters go from 255 to 0, those of gcc to 1")),
    entry(&["AFL_LLVM_THREADSAFE_INST"],
        NoEffect("counters are not atomic: threads may lose counts, not edges")),
    entry(&["AFL_LLVM_MAP_ADDR", "AFL_LLVM_LTO_STARTID", "AFL_LLVM_DOCUMENT_IDS",
        "AFL_DUMP_PC_MAP", "AFL_DUMP_CYCLOMATIC_COMPLEXITY"],
        NoEffect("the linker numbers the edges, and the program holds their addresses")),
    entry(&["AFL_LLVM_DICT2FILE_NO_MAIN"],
        NoEffect("constants of main are written as well")),
    entry(&["AFL_GCC_OUT_OF_LINE"],
        NoEffect("gcc's callback is always out of line")),
    entry(&["AFL_CFISAN_VERBOSE"],
        NoEffect("a violation traps; -fno-sanitize-trap=cfi in your flags has it reported")),
    entry(&["AFL_USE_RTSAN"],
        NoEffect("-fsanitize=realtime in your flags asks for that sanitizer")),
    entry(&["AFL_LLVM_ABORTLIST", "AFL_LLVM_CRASHLIST", "AFL_LLVM_BUG", "AFL_LLVM_BUG_ALLOCSIZE",
        "AFL_LLVM_BUG_ALLOCSIZE_DERIVE", "AFL_LLVM_BUG_ALLOCSIZE_FREE_FUNCS",
        "AFL_LLVM_BUG_ALLOCSIZE_FUNCS", "AFL_LLVM_BUG_ALLOCSIZE_STACK", "AFL_LLVM_BUG_BUDGET",
        "AFL_LLVM_BUG_DUMP_SUMMARY", "AFL_LLVM_BUG_SCALAR", "AFL_LLVM_BUG_SCALAR_SLICE",
        "AFL_LLVM_BUG_SIZEFILL", "AFL_LLVM_BUG_SLACK"],
        NoEffect("tine-cc adds no checks of its own: use a sanitizer")),
    entry(&["AFL_NO_CFG_FUZZING", "AFL_NO_PYTHON", "AFL_NO_X86", "AFL_FUZZER_ARGS"],
        Elsewhere("build systems")),
];

const fn entry(names: &'static [&'static str], answer: Answer) -> Entry {
    Entry { names, answer }
}

/// The names of all variables for compilers.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().flat_map(|entry| entry.names).copied()
}

/// The variables as a Markdown table.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| variable | tine-cc | |\n|---|---|---|\n");
    for entry in TABLE {
        let names: Vec<String> = entry.names.iter().map(|name| format!("`{name}`")).collect();
        let (word, what) = match entry.answer {
            Honoured(what) => ("honoured", what.to_owned()),
            Default(what) => ("as it is", what.to_owned()),
            NoEffect(what) => ("no effect, said so", what.to_owned()),
            Elsewhere(who) => ("not for tine", format!("read by {who}")),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {word} | {what} |", names.join(", "));
    }
    text
}

/// What is to be said of the variables that are set: `value` knows their values.
pub(crate) fn notes<V: AsRef<OsStr>>(value: impl Fn(&str) -> Option<V>) -> Vec<String> {
    let is_ignored = |name: &str| {
        let Some(value) = value(name) else {
            return false;
        };
        let value = value.as_ref().to_string_lossy();
        let same = name == INSTRUMENT
            && SAME_INSTRUMENTATION
                .iter()
                .any(|same| value.eq_ignore_ascii_case(same));
        !value.is_empty() && value != "0" && !same
    };
    let mut notes = Vec::new();
    for entry in TABLE {
        let NoEffect(reason) = entry.answer else {
            continue;
        };
        let names: Vec<&str> = entry
            .names
            .iter()
            .copied()
            .filter(|name| is_ignored(name))
            .collect();
        let verb = match names.len() {
            0 => continue,
            1 => "has",
            _ => "have",
        };
        notes.push(format!("{} {verb} no effect: {reason}", names.join(", ")));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_variable_has_two_answers() {
        let distinct: HashSet<&str> = names().collect();
        assert_eq!(distinct.len(), names().count());
    }

    #[test]
    fn variables_without_effect_are_named() {
        let said = |variables: &[(&str, &'static str)]| {
            notes(|name| {
                let found = variables.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| *value)
            })
        };
        assert_eq!(said(&[("AFL_HARDEN", "1"), ("AFL_NO_X86", "1")]), [""; 0]);
        assert_eq!(
            said(&[("AFL_LLVM_IJON", ""), ("AFL_LLVM_CTX", "0")]),
            [""; 0]
        );
        let one = said(&[("AFL_LLVM_IJON", "1")]);
        assert_eq!(
            one,
            ["AFL_LLVM_IJON has no effect: there are no IJON annotations"]
        );
        let two = said(&[("AFL_CC", "gcc"), ("AFL_CXX", "g++")]);
        assert_eq!(two.len(), 1);
        assert!(two[0].starts_with("AFL_CC, AFL_CXX have no effect: TINE_CC"));
        for (value, notes) in [("PCGUARD", 0), ("native", 0), ("CLASSIC", 1), ("LTO", 1)] {
            assert_eq!(said(&[(INSTRUMENT, value)]).len(), notes, "{value}");
        }
    }
}
