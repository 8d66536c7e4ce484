use super::{
    HIGHEST, HIGHEST_COUNTED, Import, LONGEST, Moment, Operation, Origin, is_import, is_instance,
    is_seed, next_number, number, of_crash, of_find, of_hang, of_sanitizer_crash, of_seed, source,
    text,
};

const ORIGIN: Origin<'_> = Origin {
    source: 1,
    with: None,
    operation: Operation::Havoc,
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
        operation: Operation::Splice,
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
                operation: Operation::Arithmetic(8),
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
fn operations_have_the_words_of_afl() {
    let token = |is_found, is_inserted| Operation::Token {
        is_found,
        is_inserted,
    };
    for (operation, word, key) in [
        (Operation::Havoc, "havoc", "rep"),
        (Operation::Trim, "trim", "pos"),
        (Operation::Infer, "inf", "pos"),
        (Operation::Quick, "quick", "pos"),
        (Operation::Flip(16), "flip16", "pos"),
        (Operation::Interesting(32), "int32", "pos"),
        (token(false, false), "ext_UO", "pos"),
        (token(true, true), "ext_AI", "pos"),
        (Operation::InputToState, "its", "rep"),
        (Operation::Colorization, "colorization", "rep"),
    ] {
        let name = of_hang(0, Origin::new(1, operation), MOMENT);
        assert!(name.ends_with(&format!(",op:{word},{key}:0")), "{name}");
    }
}

#[test]
fn imports_name_the_fuzzer_that_found_them_and_have_no_source_here() {
    let import = |fuzzer, testcase| Origin {
        operation: Operation::Sync(Import { fuzzer, testcase }),
        ..ORIGIN
    };
    let origin = import("main", "000003");
    let name = of_find(12, origin, MOMENT, true);
    assert_eq!(name, "id:000012,sync:main,src:000003,+cov");
    assert_eq!((number(&name), source(&name)), (Some(12), None));
    let crash = of_crash(0, 11, origin, MOMENT);
    assert_eq!(crash, "id:000000,sig:11,sync:main,src:000003");
    assert!(is_import(&name) && is_import(&crash));
    assert!(!is_import(&of_find(3, ORIGIN, MOMENT, true)));
    assert!(!is_import(&of_seed(1, "a,sync:main")));
    assert!(is_seed(&of_seed(1, "a")) && !is_seed(&name));
    assert_eq!(
        of_sanitizer_crash(0, 6, origin, MOMENT, 0),
        "id:000000,sig:06,src:000001,time:250,execs:1234,op:sync,rep:4,+san"
    );
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
        let import = Import {
            fuzzer: &from,
            testcase: &source,
        };
        let origin = Origin::new(3, Operation::Sync(import));
        let crash = of_crash(1_000_000, 11, origin, MOMENT);
        let name = of_find(1_000_000, origin, MOMENT, true);
        assert!(name.len().max(crash.len()) <= LONGEST, "{name}");
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
