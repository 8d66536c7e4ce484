//! A Rust binary as Cargo built it, without coverage.

/// Exit code of a Rust program that panics.
const PANICKED: i32 = 101;

fn sum() -> tine::Program {
    tine::Program::new(env!("CARGO_BIN_EXE_sample"))
        .non_instrumented()
        .crash_exit_code(PANICKED)
}

#[test]
fn whatever_comes_it_does_not_panic() -> Result<(), tine::Error> {
    let sum = sum().start()?;
    for (text, code) in [
        ("1 2 3", 0),
        ("", 0),
        ("1 two", 1),
        ("9223372036854775807 1", 1),
    ] {
        assert_eq!(sum.run(text)?.exit_code(), Some(code), "{text:?}");
    }
    assert_eq!(sum.run(b"\xff\xfe")?.exit_code(), Some(2));
    Ok(())
}

#[test]
fn no_mutation_makes_it_panic() -> Result<(), tine::Error> {
    let report = tine::Campaign::new(sum())
        .seed_input("1 2 3")
        .runs(500)
        .run()?;
    report.assert_no_crashes();
    Ok(())
}
