//! Names of testcases, as AFL writes and reads them.
//!
//! `id:000003,src:000001,time:250,execs:1234,op:havoc,rep:4,+cov`

use super::text;
use std::fmt::Write;

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;

/// Stands before the name of the fuzzer that has found a testcase.
const IMPORT: &str = "sync:";

/// Where a find came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Number of the entry that was mutated.
    pub source: u32,
    /// Number of the entry that it was spliced with.
    pub with: Option<u32>,
    /// How it was mutated.
    pub operation: &'static str,
    /// How many mutations were stacked; for an operation on one place, that place.
    pub repetitions: u32,
}

/// When something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the session began, earlier parts included.
    pub milliseconds: u64,
    /// Runs until then.
    pub runs: u64,
}

/// The name of a seed in the queue. `original` is the name of its file.
#[must_use]
pub fn of_seed(id: u32, original: &str) -> String {
    let mut name = format!("id:{id:06},time:0,execs:0,orig:");
    // A seed from another queue keeps the name that it had at first.
    let original = match original.split_once(",orig:") {
        Some((_, first)) if number(original).is_some() => first,
        _ => original,
    };
    name.push_str(&text::for_name(original, LONGEST - name.len()));
    name
}

/// The name of a find in the queue.
#[must_use]
pub fn of_find(id: u32, origin: Origin, moment: Moment, has_new_edges: bool) -> String {
    let mut name = format!("id:{id:06},");
    describe(&mut name, origin, moment);
    if has_new_edges {
        name.push_str(",+cov");
    }
    name
}

/// The name of a crash. `signal` is 0 for a crash that is told by an exit code.
#[must_use]
pub fn of_crash(id: u32, signal: i32, origin: Origin, moment: Moment) -> String {
    let mut name = format!("id:{id:06},sig:{signal:02},");
    describe(&mut name, origin, moment);
    name
}

/// What stands at the end of the name of a crash that only a sanitizer's binary has, as
/// afl-fuzz writes it. A number follows for all binaries but the first.
const SANITIZER: &str = ",+san";

/// The name of a crash that only the binary `number` of those with sanitizers has.
#[must_use]
pub fn of_sanitizer_crash(
    id: u32,
    signal: i32,
    origin: Origin,
    moment: Moment,
    number: usize,
) -> String {
    let mut name = of_crash(id, signal, origin, moment);
    name.push_str(SANITIZER);
    if number > 0 {
        // Writing to a string cannot fail.
        let _ = write!(name, "{}", number + 1);
    }
    name
}

/// Which of the binaries with sanitizers has the crash of this name; `None` if the
/// target itself has it.
#[must_use]
pub fn sanitizer(name: &str) -> Option<usize> {
    match name.rsplit_once(SANITIZER)?.1 {
        "" => Some(0),
        number => number.parse::<usize>().ok()?.checked_sub(1),
    }
}

/// The name of a hang.
#[must_use]
pub fn of_hang(id: u32, origin: Origin, moment: Moment) -> String {
    let mut name = format!("id:{id:06},");
    describe(&mut name, origin, moment);
    name
}

/// The name of an input on which the fork server is lost.
#[must_use]
pub fn of_lost(id: u32, origin: Origin, moment: Moment) -> String {
    of_hang(id, origin, moment)
}

/// The name of a testcase that another fuzzer has found: `from` is its name, `source`
/// that of the testcase there, or its number. `signal` for a crash.
#[must_use]
pub fn of_import(
    id: u32,
    signal: Option<i32>,
    from: &str,
    source: &str,
    has_new_edges: bool,
) -> String {
    let mut name = format!("id:{id:06},");
    if let Some(signal) = signal {
        // Writing to a string cannot fail.
        let _ = write!(name, "sig:{signal:02},");
    }
    const COVERAGE: &str = ",+cov";
    const SOURCE: &str = ",src:";
    let fields = IMPORT.len() + SOURCE.len() + COVERAGE.len();
    let room = LONGEST - name.len() - fields;
    let source = text::for_name(source, room / 2);
    let from = text::for_name(from, room - source.len());
    let _ = write!(name, "{IMPORT}{from}{SOURCE}{source}");
    if has_new_edges {
        name.push_str(COVERAGE);
    }
    name
}

/// Whether a folder may be an instance's: of letters, digits, `_` and `-`, no longer than
/// afl-fuzz takes it.
#[must_use]
pub fn is_instance(name: &str) -> bool {
    const LONGEST_INSTANCE: usize = 50;
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=LONGEST_INSTANCE).contains(&name.len()) && name.bytes().all(is_fit)
}

/// Whether a testcase was found by another fuzzer, from its name.
#[must_use]
pub fn is_import(name: &str) -> bool {
    // What a seed was called at first says nothing.
    let own = name.split(",orig:").next().unwrap_or_default();
    own.split(',').any(|field| field.starts_with(IMPORT))
}

fn describe(name: &mut String, origin: Origin, moment: Moment) {
    let Origin {
        source,
        with,
        operation,
        repetitions,
    } = origin;
    let Moment { milliseconds, runs } = moment;
    // Writing to a string cannot fail.
    let _ = write!(name, "src:{source:06}");
    if let Some(with) = with {
        let _ = write!(name, "+{with:06}");
    }
    let key = if is_at_a_place(operation) {
        "pos"
    } else {
        "rep"
    };
    let _ = write!(
        name,
        ",time:{milliseconds},execs:{runs},op:{operation},{key}:{repetitions}"
    );
}

/// Whether an operation changes one place, which its name gives.
fn is_at_a_place(operation: &str) -> bool {
    ["flip", "arith", "int", "ext_", "quick", "inf", "trim"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

/// Highest number of a testcase. No fuzzer comes that far.
const HIGHEST: u32 = 999_999_999;

/// Numbers above this one were not given by counting.
const HIGHEST_COUNTED: u32 = HIGHEST / 2;

/// The number of a testcase, from its name.
#[must_use]
pub fn number(name: &str) -> Option<u32> {
    decimal(name.strip_prefix("id:")?.split(',').next()?)
}

/// A number of digits only, no higher than numbers of testcases are.
fn decimal(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number <= HIGHEST)
}

/// The number that follows all of these, which [`number`] takes again as often as there
/// are finds.
pub fn next_number(taken: impl IntoIterator<Item = u32>) -> u32 {
    let counted = taken.into_iter().filter(|it| *it <= HIGHEST_COUNTED);
    counted.max().map_or(0, |last| last + 1)
}

/// The number of the entry that a find was made from; `None` for a seed, and for what
/// another fuzzer has found.
#[must_use]
pub fn source(name: &str) -> Option<u32> {
    if is_import(name) {
        return None;
    }
    let field = name
        .split(',')
        .find_map(|field| field.strip_prefix("src:"))?;
    decimal(field.split('+').next()?)
}

#[cfg(test)]
mod tests {
    use super::{
        HIGHEST, HIGHEST_COUNTED, LONGEST, Moment, Origin, is_import, is_instance, next_number,
        number, of_crash, of_find, of_hang, of_import, of_seed, source, text,
    };

    const ORIGIN: Origin = Origin {
        source: 1,
        with: None,
        operation: "havoc",
        repetitions: 4,
    };
    const MOMENT: Moment = Moment {
        milliseconds: 250,
        runs: 1234,
    };

    #[test]
    fn names_are_those_of_afl() {
        let splice = Origin {
            with: Some(7),
            operation: "splice",
            ..ORIGIN
        };
        assert_eq!(
            of_find(3, ORIGIN, MOMENT, true),
            "id:000003,src:000001,time:250,execs:1234,op:havoc,rep:4,+cov"
        );
        assert_eq!(
            of_find(
                3,
                Origin {
                    operation: "arith8",
                    ..ORIGIN
                },
                MOMENT,
                false
            ),
            "id:000003,src:000001,time:250,execs:1234,op:arith8,pos:4"
        );
        assert_eq!(
            of_find(3, splice, MOMENT, false),
            "id:000003,src:000001+000007,time:250,execs:1234,op:splice,rep:4"
        );
        assert_eq!(
            of_crash(0, 6, ORIGIN, MOMENT),
            "id:000000,sig:06,src:000001,time:250,execs:1234,op:havoc,rep:4"
        );
        assert_eq!(
            of_hang(0, ORIGIN, MOMENT),
            "id:000000,src:000001,time:250,execs:1234,op:havoc,rep:4"
        );
        assert_eq!(of_seed(12, "a.png"), "id:000012,time:0,execs:0,orig:a.png");
    }

    #[test]
    fn imports_name_the_fuzzer_that_found_them_and_have_no_source_here() {
        let name = of_import(12, None, "main", "000003", true);
        assert_eq!(name, "id:000012,sync:main,src:000003,+cov");
        assert_eq!((number(&name), source(&name)), (Some(12), None));
        let crash = of_import(0, Some(11), "main", "000003", false);
        assert_eq!(crash, "id:000000,sig:11,sync:main,src:000003");
        assert!(is_import(&name) && is_import(&crash));
        assert!(!is_import(&of_find(3, ORIGIN, MOMENT, true)));
        assert!(!is_import(&of_seed(1, "a,sync:main")));
    }

    #[test]
    fn a_seed_from_a_queue_keeps_its_first_name() {
        assert_eq!(
            of_seed(2, "id:000009,time:0,execs:0,orig:a.png"),
            "id:000002,time:0,execs:0,orig:a.png"
        );
        let odd = "photo,orig:x";
        assert_eq!(
            of_seed(2, odd),
            format!("id:000002,time:0,execs:0,orig:{odd}")
        );
    }

    #[test]
    fn a_long_name_is_cut_at_a_character() {
        for character in ["x", "\u{e9}", "\u{1f980}"] {
            let name = of_seed(0, &character.repeat(255));
            assert!(
                name.len() <= LONGEST && name.len() > LONGEST - 4,
                "{}",
                name.len()
            );
        }
    }

    #[test]
    fn numbers_are_read_back() {
        let splice = Origin {
            with: Some(7),
            ..ORIGIN
        };
        let name = of_find(1_000_000, splice, MOMENT, true);
        assert_eq!((number(&name), source(&name)), (Some(1_000_000), Some(1)));
        let crash = of_crash(5, 11, ORIGIN, MOMENT);
        assert_eq!((number(&crash), source(&crash)), (Some(5), Some(1)));
        assert_eq!(
            (number("README.txt"), source(&of_seed(1, "src"))),
            (None, None)
        );
        for no_number in [
            "id:x",
            "id:",
            "id:+5",
            "id:-1",
            "id: 5",
            "id:4294967295",
            "id:99999999999",
        ] {
            assert_eq!(number(no_number), None, "{no_number}");
        }
    }

    #[test]
    fn the_next_number_is_one_that_is_read_again() {
        for (taken, next) in [
            (&[][..], 0),
            (&[3, 1], 4),
            (&[3, HIGHEST], 4),
            (&[HIGHEST, HIGHEST_COUNTED], HIGHEST_COUNTED + 1),
        ] {
            let found = next_number(taken.iter().copied());
            assert_eq!(found, next, "{taken:?}");
            assert_eq!(number(&of_hang(found, ORIGIN, MOMENT)), Some(next));
        }
    }

    #[test]
    fn names_of_imports_fit_whatever_the_other_fuzzer_is_called() {
        for (from, source) in [
            ("p".repeat(240), "000003".to_owned()),
            ("p".repeat(300), "\u{1f980}".repeat(100)),
            ("a\x1b/b".to_owned(), "x\n".to_owned()),
        ] {
            let name = of_import(1_000_000, Some(11), &from, &source, true);
            assert!(name.len() <= LONGEST, "{name}");
            assert!(
                name.chars().all(text::is_plain) && !name.contains('/'),
                "{name}"
            );
            assert!(is_import(&name) && name.ends_with(",+cov"), "{name}");
        }
    }

    #[test]
    fn instances_have_the_names_that_afl_fuzz_takes() {
        for (name, expected) in [
            ("main-host_01", true),
            ("", false),
            ("a b", false),
            (".state", false),
            ("a\x1bb", false),
        ] {
            assert_eq!(is_instance(name), expected, "{name}");
        }
        assert!(is_instance(&"p".repeat(50)) && !is_instance(&"p".repeat(51)));
    }
}
