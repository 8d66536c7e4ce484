//! A mistake for each pair of a sanitizer and a compiler, planted in a program that runs
//! one input and in one that runs many: each counts as a crash, alone, with comparisons
//! logged, and beside a plain binary. 0 may be missed.

use std::{collections::BTreeSet, fs, path::Path};
use tine_workbench::{Compiler, Workbench, testcases};

/// A way to find mistakes.
struct Sanitizer {
    /// For file names.
    name: &'static str,
    flags: &'static [&'static str],
    /// What the user sets.
    environment: &'static [(&'static str, &'static str)],
    /// The inputs that it must report.
    reports: &'static str,
    gcc_has_it: bool,
}

const SANITIZERS: &[Sanitizer] = &[
    Sanitizer {
        name: "address",
        flags: &["-fsanitize=address"],
        environment: &[],
        reports: "a",
        gcc_has_it: true,
    },
    // It would go on after a report.
    Sanitizer {
        name: "undefined",
        flags: &["-fsanitize=undefined"],
        environment: &[],
        reports: "u",
        gcc_has_it: true,
    },
    // With gcc two runtimes, with clang one, which reads the options of both.
    Sanitizer {
        name: "both",
        flags: &["-fsanitize=address,undefined"],
        environment: &[],
        reports: "au",
        gcc_has_it: true,
    },
    Sanitizer {
        name: "both-by-exit-code",
        flags: &["-fsanitize=address,undefined"],
        environment: &[("ASAN_OPTIONS", "abort_on_error=0")],
        reports: "au",
        gcc_has_it: true,
    },
    Sanitizer {
        name: "leak",
        flags: &["-fsanitize=leak", "-DCHECKS_LEAKS=23"],
        environment: &[],
        reports: "l",
        gcc_has_it: true,
    },
    Sanitizer {
        name: "address-leaks",
        flags: &["-fsanitize=address", "-DCHECKS_LEAKS=86"],
        environment: &[("ASAN_OPTIONS", "detect_leaks=1")],
        reports: "al",
        gcc_has_it: true,
    },
    Sanitizer {
        name: "memory",
        flags: &["-fsanitize=memory"],
        environment: &[],
        reports: "m",
        gcc_has_it: false,
    },
    Sanitizer {
        name: "thread",
        flags: &["-fsanitize=thread"],
        environment: &[],
        reports: "t",
        gcc_has_it: true,
    },
    Sanitizer {
        name: "thread-undefined",
        flags: &["-fsanitize=thread,undefined"],
        environment: &[],
        reports: "tu",
        gcc_has_it: true,
    },
];

const MODES: [(&str, &[&str]); 2] = [("fork", &[]), ("persistent", &["-DPERSISTENT"])];

/// Options of a session, of which the first word is the target; `{}` is the sanitizer's
/// binary.
const WAYS: [&[&str]; 4] = [
    &["{}"],
    &["{}", "-c", "0"],
    &["./plain", "-w", "{}"],
    &["./plain", "-w", "{}", "-c", "0"],
];

fn no_report_is_missed(compiler: &Compiler) {
    let bench = Workbench::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/sanitizers/program.c");
    let build = |output: &str, flags: &[&str], mode: &[&str]| {
        let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
        let cc = cc.args(["--cmplog", "-O0", "-pthread", "-o", output]);
        cc.args(flags).args(mode).arg(&source).run().assert_code(0);
    };
    let mut missed = Vec::new();
    for (mode, mode_flags) in MODES {
        build("plain", &[], mode_flags);
        for sanitizer in SANITIZERS {
            if !compiler.clang && !sanitizer.gcc_has_it {
                continue;
            }
            build("sanitized", sanitizer.flags, mode_flags);
            // What is no mistake, and what is.
            let reported = sanitizer.reports.split("").filter(|it| !it.is_empty());
            bench.seeds("seeds", ["x"].into_iter().chain(reported.clone()));
            let expected: BTreeSet<_> = reported.map(str::to_owned).collect();
            for way in WAYS {
                let words: Vec<String> = way
                    .iter()
                    .map(|word| word.replace("{}", "./sanitized"))
                    .collect();
                let tine = bench
                    .tine()
                    .args(["fuzz", "--no-ui", "-i", "seeds", "-o", "out"]);
                let tine = tine.args(["-t", "10000", "-E", "60"]).args(&words[1..]);
                let tine = tine.env("AFL_CRASHING_SEEDS_AS_NEW_CRASH", "1");
                let tine = sanitizer
                    .environment
                    .iter()
                    .fold(tine, |tine, (name, value)| tine.env(name, value));
                let done = tine.arg("--").arg(&words[0]).run();
                let found = contents(&bench.path("out/default/crashes"));
                let queue = contents(&bench.path("out/default/queue"));
                // Mutation may find more, but nothing that is no mistake.
                let is_mistake = |input: &String| input.starts_with(['a', 'u', 'm', 'l', 't', 's']);
                let is_right = expected.is_subset(&found)
                    && found.iter().all(is_mistake)
                    && queue.contains("x");
                if done.code() != Some(0) || !is_right {
                    missed.push(format!(
                        "{} {} {mode} {words:?}: found {found:?} of {expected:?}\n{done}",
                        compiler.name(),
                        sanitizer.name,
                    ));
                }
                fs::remove_dir_all(bench.path("out")).expect("the output");
            }
            fs::remove_dir_all(bench.path("seeds")).expect("the seeds");
        }
    }
    assert!(
        missed.is_empty(),
        "{} missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

fn contents(folder: &Path) -> BTreeSet<String> {
    testcases(folder)
        .iter()
        .map(|path| String::from_utf8_lossy(&fs::read(path).expect("a testcase")).into_owned())
        .collect()
}

#[test]
fn with_clang_14() {
    no_report_is_missed(&Compiler::clang_version(14));
}

#[test]
fn with_clang_19() {
    no_report_is_missed(&Compiler::clang_version(19));
}

#[test]
fn with_clang_22() {
    no_report_is_missed(&Compiler::clang_version(22));
}

#[test]
fn with_gcc() {
    no_report_is_missed(&Compiler::gcc());
}
