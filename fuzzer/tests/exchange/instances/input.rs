//! What is wrong with a command line is told in a sentence, and nothing is left.

use super::{build, tine};
use tine_workbench::Workbench;

/// Options, and parts of what is said.
const MISTAKES: [(&str, &[&str]); 11] = [
    ("-M a.b", &["letters, digits, `_` and `-`"]),
    ("-S ../x", &["letters, digits, `_` and `-`"]),
    ("-M main:1/3", &["letters, digits, `_` and `-`"]),
    (
        "-S abcdefghijklmnopqrstuvwxyz0123456",
        &["32 characters at the most"],
    ),
    ("-M addseeds", &["afl-addseeds"]),
    ("-M a -S b", &["--main", "--secondary"]),
    ("-S a -F seeds", &["--foreign", "--secondary"]),
    ("-F left", &["-M NAME or -j N"]),
    ("-j 0", &["1 to 256"]),
    ("-j 2 -f file", &["--jobs", "--file"]),
    ("-j 2 -b 0", &["--jobs", "--bind"]),
];

#[test]
fn mistakes_are_told_in_a_sentence() {
    let bench = Workbench::new();
    let target = build(&bench);
    for (options, parts) in MISTAKES {
        let done = tine(&bench, &target, &format!("{options} -i left -o out")).run();
        done.assert_code(1);
        for part in parts {
            done.assert_stderr(part);
        }
        assert_eq!(done.stderr().lines().count(), 1, "{done}");
        assert!(!bench.path("out").exists(), "{done}");
    }
    let done = tine(&bench, &target, "-j 2 -i - -o out").run();
    done.assert_code(1)
        .assert_stderr("no session to go on with");
    assert!(!bench.path("out").exists(), "{done}");
}
