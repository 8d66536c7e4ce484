//! The macros of a harness, with AFL++'s names and meaning.
//!
//! They are defined on the command line: a header would show up in dependency
//! files and in what `-E -H` and precompiled headers say.
//!
//! They are used inside C++ classes, namespaces and templates, where `extern "C"`
//! is not allowed, a plain declaration would be mangled, and g++ forgets the
//! assembler name of one. So a function is not declared: an instruction fetches
//! its address. None needs a header, and none says more than C90 with
//! `__extension__`, so that `-std=c90 -pedantic -Werror` is satisfied.

use crate::compiler::Family;
use std::{collections::BTreeSet, ffi::OsString};
use tine_protocol::{layout::input::MAX_INPUT, signature};

/// Definitions for `-D`, leaving out what the user defines (`own`). Those for
/// LeakSanitizer are there only with it, because they refer to it.
pub(crate) fn definitions(
    own: &BTreeSet<String>,
    family: Family,
    leak_sanitizer: bool,
) -> Vec<OsString> {
    let leaks = if leak_sanitizer {
        leak_checks().into()
    } else {
        Vec::new()
    };
    all(family)
        .into_iter()
        .chain(leaks)
        .filter(|(name, _)| !own.contains(name.split('(').next().unwrap_or(name)))
        .map(|(name, text)| format!("-D{name}={text}").into())
        .collect()
}

fn all(family: Family) -> [(&'static str, String); 8] {
    // The runtime's symbols may lie in another module (a harness in a shared
    // object), whatever -fvisibility says.
    let external = r#"extern __attribute__((visibility("default")))"#;
    let read_all = format!(
        "unsigned int (*tine_read)(int, void *, unsigned long); unsigned int tine_got; \
         {read} \
         *__afl_fuzz_len = 0; \
         while (*__afl_fuzz_len < {MAX_INPUT}u \
         && (tine_got = tine_read(0, __afl_fuzz_alt_ptr + *__afl_fuzz_len, \
         {MAX_INPUT}u - *__afl_fuzz_len)) - 1u < {MAX_INPUT}u) \
         *__afl_fuzz_len += tine_got;",
        read = address("tine_read", "read"),
    );
    [
        ("__AFL_COMPILER", "1".into()),
        ("__AFL_HAVE_MANUAL_CONTROL", "1".into()),
        ("FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION", "1".into()),
        (
            // The first variable tells the runtime that this program can take
            // its input from shared memory; the buffer is for when it does not.
            // Harnesses write a semicolon after it or none, and the first is an empty
            // declaration, of which compilers complain.
            "__AFL_FUZZ_INIT()",
            format!(
                "extern int __afl_sharedmem_fuzzing __asm__(\"__afl_sharedmem_fuzzing\"); \
                 int __afl_sharedmem_fuzzing = 1; \
                 {external} unsigned int *__afl_fuzz_len __asm__(\"__afl_fuzz_len\"); \
                 {external} unsigned char *__afl_fuzz_ptr __asm__(\"__afl_fuzz_ptr\"); \
                 static unsigned char __afl_fuzz_alt[{MAX_INPUT}]; \
                 static unsigned char *__afl_fuzz_alt_ptr __attribute__((unused)) = __afl_fuzz_alt; \
                 _Pragma(\"GCC diagnostic ignored \\\"{semicolons}\\\"\")",
                semicolons = match family {
                    Family::Clang => "-Wextra-semi",
                    Family::Gcc => "-Wpedantic",
                },
            ),
        ),
        (
            "__AFL_FUZZ_TESTCASE_BUF",
            "(__afl_fuzz_ptr ? __afl_fuzz_ptr : __afl_fuzz_alt_ptr)".into(),
        ),
        (
            // By hand the input is all of standard input, also from a pipe that
            // delivers it in pieces.
            "__AFL_FUZZ_TESTCASE_LEN",
            format!(
                "(__extension__ ({{ if (!__afl_fuzz_ptr) {{ {read_all} }} *__afl_fuzz_len; }}))"
            ),
        ),
        (
            "__AFL_LOOP(tine_passes)",
            format!(
                "(__extension__ ({{ int *tine_connected; int (*tine_loop)(unsigned int); \
                 {connected} {call} {keep} \
                 tine_loop(*tine_connected ? (tine_passes) : 1); }}))",
                connected = address("tine_connected", "__afl_connected"),
                call = address("tine_loop", "__afl_persistent_loop"),
                keep = keep(signature::PERSISTENT)
            ),
        ),
        (
            "__AFL_INIT()",
            format!(
                "do {{ void (*tine_init)(void); {call} {keep} tine_init(); }} while (0)",
                call = address("tine_init", "__afl_manual_init"),
                keep = keep(signature::DEFERRED)
            ),
        ),
    ]
}

/// Exit code of a run in which `__AFL_LEAK_CHECK()` found a leak, `AFL++`'s.
pub const LEAK_EXIT_CODE: i32 = 23;

/// Blocks, as AFL++'s are: harnesses write them with a semicolon and without.
fn leak_checks() -> [(&'static str, String); 3] {
    let call = |symbol: &str| {
        format!(
            "{{ void (*tine_lsan)(void); {} tine_lsan(); }}",
            address("tine_lsan", symbol)
        )
    };
    [
        (
            "__AFL_LEAK_CHECK()",
            format!(
                "{{ int (*tine_lsan)(void); void (*tine_exit)(int); {check} {exit} \
                 if (tine_lsan() > 0) tine_exit({LEAK_EXIT_CODE}); }}",
                check = address("tine_lsan", "__lsan_do_recoverable_leak_check"),
                exit = address("tine_exit", "_exit"),
            ),
        ),
        ("__AFL_LSAN_OFF()", call("__lsan_disable")),
        ("__AFL_LSAN_ON()", call("__lsan_enable")),
    ]
}

/// Puts the address of `symbol` into `pointer`, in either syntax of assembler
/// (`-masm=intel`).
fn address(pointer: &str, symbol: &str) -> String {
    format!(
        "__asm__(\"mov{{q}} {{{symbol}@GOTPCREL(%%rip), %0|%0, qword ptr {symbol}@GOTPCREL[rip]}}\" \
         : \"=r\"({pointer}));"
    )
}

/// Keeps a signature in the binary for just as long as the code around it: an
/// instruction that does nothing uses its address, so neither the optimiser nor
/// `--gc-sections` can drop it.
fn keep(signature: &[u8]) -> String {
    let text = String::from_utf8_lossy(signature);
    format!(
        "__asm__ volatile(\"\" : : \"r\"(\"{}\"));",
        text.trim_end_matches('\0')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signatures_stand_in_the_macros() {
        let definitions = definitions(&BTreeSet::new(), Family::Clang, false);
        let with = |name: &str| {
            let found = definitions.iter().filter_map(|text| text.to_str());
            found
                .filter(|text| text.starts_with(&format!("-D{name}")))
                .collect::<String>()
        };
        assert!(with("__AFL_LOOP(").contains("\"##SIG_AFL_PERSISTENT##\""));
        assert!(with("__AFL_INIT()").contains("\"##SIG_AFL_DEFER_FORKSRV##\""));
    }

    #[test]
    fn the_users_own_definitions_win() {
        let own = BTreeSet::from(["__AFL_LOOP", "__AFL_COMPILER"].map(str::to_owned));
        let left = definitions(&own, Family::Gcc, false);
        assert_eq!(left.len(), all(Family::Gcc).len() - own.len());
        let starts = |name| {
            left.iter()
                .any(|text| text.to_string_lossy().starts_with(name))
        };
        assert!(!starts("-D__AFL_LOOP") && starts("-D__AFL_INIT()="));
    }
}
