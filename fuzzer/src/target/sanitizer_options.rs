//! Options of sanitizers, by which they end at once and in a way that a fuzzer notices.
//!
//! What the user set wins, option by option. Two things make that more than a matter of
//! order. ASan, MSan and TSan of clang read `UBSAN_OPTIONS` and `LSAN_OPTIONS` as well,
//! after their own: a default there would undo what the user set for them. And a default
//! may undo what another option of the user's asks for: [`CANCELLED`].

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use tine_controller::target_file::Sanitizer;

/// For all of them: end by a signal, do not look up symbols, leave signals to the kernel.
const COMMON: [(&str, &str); 9] = [
    ("abort_on_error", "1"),
    ("symbolize", "0"),
    ("handle_segv", "0"),
    ("handle_sigbus", "0"),
    ("handle_abort", "0"),
    ("handle_sigfpe", "0"),
    ("handle_sigill", "0"),
    ("handle_sigtrap", "0"),
    ("disable_coredump", "0"),
];

/// Options of the user's, and the default that would take their effect.
const CANCELLED: [(&str, &str); 5] = [
    // A leak is told from what the C library leaves by the stack of its allocation.
    ("detect_leaks", "malloc_context_size"),
    // They are names of functions and files.
    ("suppressions", "symbolize"),
    ("external_symbolizer_path", "symbolize"),
    // Beyond these limits there would be a null pointer in place of a report.
    ("max_allocation_size_mb", "allocator_may_return_null"),
    ("soft_rss_limit_mb", "allocator_may_return_null"),
];

/// A variable, whether it gets [`COMMON`], and what it gets besides.
type Variable<'a> = (&'a str, bool, &'a [(&'a str, &'a str)]);

/// The sanitizer's own variable, the one that all of its options may stand in.
fn variable_of(sanitizer: Option<Sanitizer>) -> Option<&'static str> {
    match sanitizer? {
        Sanitizer::Address => Some("ASAN_OPTIONS"),
        Sanitizer::Memory => Some("MSAN_OPTIONS"),
        Sanitizer::Thread => Some("TSAN_OPTIONS"),
        Sanitizer::Leak | Sanitizer::Undefined => None,
    }
}

/// The variables for a target with this sanitizer, or of which none is known. A report
/// that does not come by a signal comes by this exit code.
pub(super) fn sanitizer_options(
    sanitizer: Option<Sanitizer>,
    report_exit_code: i32,
    user: impl Fn(&str) -> Option<OsString>,
) -> Vec<(OsString, OsString)> {
    let code = report_exit_code.to_string();
    // Its options count for what reads the variables of others after its own.
    let above = variable_of(sanitizer);
    let exit_code = [("exitcode", code.as_str())];
    let undefined = [
        ("exitcode", code.as_str()),
        ("halt_on_error", "1"),
        ("print_stacktrace", "0"),
    ];
    let halting = [("exitcode", code.as_str()), ("halt_on_error", "1")];
    let address = [
        ("detect_leaks", "0"),
        ("allocator_may_return_null", "1"),
        ("detect_odr_violation", "0"),
        ("malloc_context_size", "0"),
        ("detect_stack_use_after_return", "0"),
        ("exitcode", code.as_str()),
    ];
    let memory = [
        ("exit_code", code.as_str()),
        ("allocator_may_return_null", "1"),
    ];
    let leak: &[_] = if above.is_none() { &exit_code } else { &[] };
    let variables: [Variable<'_>; 9] = [
        ("ASAN_OPTIONS", true, &address),
        ("MSAN_OPTIONS", true, &memory),
        ("TSAN_OPTIONS", true, &halting),
        ("UBSAN_OPTIONS", true, &undefined),
        // Beside ASan, leaks are reported as ASan reports.
        ("LSAN_OPTIONS", above.is_none(), leak),
        // Of these tine knows no more than how they end.
        ("HWASAN_OPTIONS", true, &halting),
        ("RTSAN_OPTIONS", true, &halting),
        ("TYSAN_OPTIONS", true, &halting),
        ("NSAN_OPTIONS", true, &halting),
    ];
    let of = |name: &str| user(name).unwrap_or_default();
    let mut result = Vec::new();
    for (name, takes_common, own) in variables {
        let is_read_by_another = matches!(name, "UBSAN_OPTIONS" | "LSAN_OPTIONS");
        let above = above.filter(|above| is_read_by_another && *above != name);
        let mut users = vec![of(name)];
        users.extend(above.map(of));
        if name == "ASAN_OPTIONS" {
            users.extend([of("LSAN_OPTIONS"), of("UBSAN_OPTIONS")]);
        }
        let is_cancelled = |default: &str| {
            CANCELLED.iter().any(|(option, cancelled)| {
                *cancelled == default && users.iter().any(|text| asks_for(text, option))
            })
        };
        let common = if takes_common { &COMMON[..] } else { &[] };
        let mut options = OsString::new();
        let mut add = |option: &OsStr| {
            if !options.is_empty() {
                options.push(":");
            }
            options.push(option);
        };
        for (key, default) in common.iter().chain(own) {
            let of_above = above.and_then(|above| value(&of(above), key));
            if let Some(chosen) = of_above {
                let mut option = OsString::from(format!("{key}="));
                option.push(chosen);
                add(&option);
            } else if !is_cancelled(key) {
                add(OsStr::new(&format!("{key}={default}")));
            }
        }
        let own = of(name);
        if !own.is_empty() {
            add(&own);
        }
        if !options.is_empty() {
            result.push((name.into(), options));
        }
    }
    result
}

/// Whether an option is given and not switched off.
fn asks_for(text: &OsStr, option: &str) -> bool {
    value(text, option)
        .is_some_and(|value| !["", "0", "no", "false"].contains(&value.to_string_lossy().as_ref()))
}

/// The value that `text` gives to an option: the last one, as the sanitizers read it,
/// with its quotes.
fn value(text: &OsStr, option: &str) -> Option<OsString> {
    let is_between = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b':' | b',');
    let mut rest = text.as_bytes();
    let mut found = None;
    while !rest.is_empty() {
        let start = rest.iter().position(|&byte| !is_between(byte));
        rest = &rest[start.unwrap_or(rest.len())..];
        let mut quote = None;
        let end = rest.iter().position(|&byte| {
            match quote {
                Some(open) if byte == open => quote = None,
                None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
                _ => {}
            }
            quote.is_none() && is_between(byte)
        });
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        let value = word
            .strip_prefix(option.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="));
        found = value.or(found);
    }
    found.map(|value| OsStr::from_bytes(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Sanitizer, asks_for, sanitizer_options, value};
    use std::ffi::OsStr;

    /// Sanitizer, what the user sets, and what a variable then gives to options; `None`:
    /// nothing, and the sanitizer's own default holds.
    type Case = (
        Option<Sanitizer>,
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static [(&'static str, Option<&'static str>)],
    );

    const ADDRESS: Option<Sanitizer> = Some(Sanitizer::Address);

    const CASES: &[Case] = &[
        (
            ADDRESS,
            &[],
            "ASAN_OPTIONS",
            &[
                ("abort_on_error", Some("1")),
                ("symbolize", Some("0")),
                ("exitcode", Some("86")),
                ("detect_leaks", Some("0")),
                ("malloc_context_size", Some("0")),
            ],
        ),
        (
            ADDRESS,
            &[("ASAN_OPTIONS", "abort_on_error=0:exitcode=5")],
            "ASAN_OPTIONS",
            &[
                ("abort_on_error", Some("0")),
                ("exitcode", Some("5")),
                ("symbolize", Some("0")),
            ],
        ),
        // gcc's UBSan is a runtime of its own beside ASan; clang's ASan reads this too.
        (
            ADDRESS,
            &[],
            "UBSAN_OPTIONS",
            &[
                ("abort_on_error", Some("1")),
                ("halt_on_error", Some("1")),
                ("exitcode", Some("86")),
            ],
        ),
        (
            ADDRESS,
            &[("ASAN_OPTIONS", "abort_on_error=0:exitcode=5")],
            "UBSAN_OPTIONS",
            &[
                ("abort_on_error", Some("0")),
                ("exitcode", Some("5")),
                ("halt_on_error", Some("1")),
            ],
        ),
        (
            ADDRESS,
            &[
                ("ASAN_OPTIONS", "abort_on_error=0"),
                ("UBSAN_OPTIONS", "abort_on_error=1:halt_on_error=0"),
            ],
            "UBSAN_OPTIONS",
            &[("abort_on_error", Some("1")), ("halt_on_error", Some("0"))],
        ),
        // Leaks need the stack of the allocation.
        (
            ADDRESS,
            &[("ASAN_OPTIONS", "detect_leaks=1")],
            "ASAN_OPTIONS",
            &[
                ("detect_leaks", Some("1")),
                ("malloc_context_size", None),
                ("exitcode", Some("86")),
            ],
        ),
        (
            ADDRESS,
            &[("LSAN_OPTIONS", "verbosity=0,detect_leaks=true")],
            "ASAN_OPTIONS",
            &[("malloc_context_size", None)],
        ),
        (
            ADDRESS,
            &[("ASAN_OPTIONS", "detect_leaks=0")],
            "ASAN_OPTIONS",
            &[("malloc_context_size", Some("0"))],
        ),
        (
            ADDRESS,
            &[("ASAN_OPTIONS", "detect_leaks=1 malloc_context_size=7")],
            "ASAN_OPTIONS",
            &[("malloc_context_size", Some("7"))],
        ),
        // LSAN_OPTIONS are read last: nothing of tine's may stand there.
        (
            ADDRESS,
            &[],
            "LSAN_OPTIONS",
            &[("exitcode", None), ("abort_on_error", None)],
        ),
        (
            Some(Sanitizer::Leak),
            &[],
            "LSAN_OPTIONS",
            &[("exitcode", Some("86")), ("abort_on_error", Some("1"))],
        ),
        // Suppressions are names.
        (
            Some(Sanitizer::Leak),
            &[("LSAN_OPTIONS", "suppressions='/a b:c'")],
            "LSAN_OPTIONS",
            &[("symbolize", None), ("suppressions", Some("'/a b:c'"))],
        ),
        (
            ADDRESS,
            &[("LSAN_OPTIONS", "suppressions=x")],
            "ASAN_OPTIONS",
            &[("symbolize", None)],
        ),
        (
            ADDRESS,
            &[("ASAN_OPTIONS", "suppressions=x")],
            "UBSAN_OPTIONS",
            &[("symbolize", None)],
        ),
        (
            Some(Sanitizer::Thread),
            &[("TSAN_OPTIONS", "suppressions=x")],
            "TSAN_OPTIONS",
            &[("symbolize", None), ("halt_on_error", Some("1"))],
        ),
        (
            ADDRESS,
            &[("ASAN_OPTIONS", "max_allocation_size_mb=64")],
            "ASAN_OPTIONS",
            &[("allocator_may_return_null", None)],
        ),
        (
            Some(Sanitizer::Memory),
            &[],
            "MSAN_OPTIONS",
            &[("exit_code", Some("86")), ("abort_on_error", Some("1"))],
        ),
        (
            Some(Sanitizer::Memory),
            &[("MSAN_OPTIONS", "abort_on_error=0")],
            "UBSAN_OPTIONS",
            &[("abort_on_error", Some("0"))],
        ),
        // No sanitizer is known: a library may have one.
        (None, &[], "UBSAN_OPTIONS", &[("abort_on_error", Some("1"))]),
        (None, &[], "RTSAN_OPTIONS", &[("abort_on_error", Some("1"))]),
    ];

    #[test]
    fn the_users_options_win_one_by_one() {
        for (sanitizer, user, variable, expected) in CASES {
            let of = |name: &str| {
                let found = user.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, text)| (*text).into())
            };
            let options = sanitizer_options(*sanitizer, 86, of);
            let given = options.iter().find(|(name, _)| name == variable);
            for (option, expected) in *expected {
                let value = given.and_then(|(_, text)| value(text, option));
                assert_eq!(
                    value.as_deref(),
                    expected.map(OsStr::new),
                    "{sanitizer:?} {user:?} {variable} {option}: {given:?}"
                );
            }
        }
    }

    #[test]
    fn options_are_read_as_the_sanitizers_read_them() {
        let text = OsStr::new(" a=1:b='x:y' c=\"1,2\",a=2\n\tdd=0");
        for (option, expected) in [
            ("a", Some("2")),
            ("b", Some("'x:y'")),
            ("c", Some("\"1,2\"")),
            ("d", None),
            ("dd", Some("0")),
        ] {
            assert_eq!(
                value(text, option).as_deref(),
                expected.map(OsStr::new),
                "{option}"
            );
        }
        assert!(asks_for(text, "a") && !asks_for(text, "dd") && !asks_for(text, "x"));
    }
}
