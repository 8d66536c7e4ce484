//! The first word of a target of tine-cc, by what stands in its environment.

use crate::matrix::{Maker, Mode, build};
use tine_workbench::Workbench;

/// A shell puts a file in place of each pipe, so that no controller is needed.
fn first_word(bench: &Workbench, variables: &[(&str, &str)]) -> u32 {
    let mut runner = bench
        .program("bash")
        .args([
            "-c",
            "exec 198</dev/null 199>said; exec \"$0\"",
            &bench.path("mode-TineClang-Shm").display().to_string(),
        ])
        // A segment that nobody has.
        .env("__AFL_SHM_ID", "2147483647");
    for (name, value) in variables {
        runner = runner.env(name, value);
    }
    runner.run().assert_code(1);
    let said = std::fs::read(bench.path("said")).expect("what it said");
    u32::from_ne_bytes(said.try_into().expect("one word"))
}

/// A segment that can't be attached is reported in the encoding that the controller
/// knows.
#[test]
fn errors_are_told_in_the_dialect_of_the_controller() {
    let bench = Workbench::new();
    // Where a deferred server is not announced, it starts before main.
    build(&bench, "mode", Maker::TineClang, Mode::Shm);
    let input = ("__AFL_SHM_FUZZ_ID", "2147483647");
    let size = ("__AFL_SHM_FUZZ_MAP_SIZE", "1048580");
    let page = ("__TINE_CONTROL_SHM_ID", "2147483647");
    let (old, new) = (0xf800_088f, 0xeffe_0008);
    for (variables, word) in [
        (&[][..], new),
        (&[input], old),
        (&[input, size], new),
        (&[input, page], new),
    ] {
        let said = first_word(&bench, variables);
        assert_eq!(said, word, "{variables:?}: {said:#010x}");
    }
}
