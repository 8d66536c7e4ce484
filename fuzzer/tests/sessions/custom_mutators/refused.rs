//! Libraries that are not to be used, and those of AFL++ that are.

use super::{bench, fuzz, library};
use std::path::Path;
use tine_workbench::{Finished, Stats};

#[test]
fn what_cannot_be_used_is_refused_in_a_sentence_and_nothing_is_written() {
    let (bench, program) = bench();
    let text = bench.write("text.so", "this is no library");
    let compile = |name: &str, source: &str| {
        let file = bench.write(format!("{name}.c"), source);
        let path = bench.path(format!("{name}.so"));
        let cc = bench
            .program("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&path);
        cc.arg(file).run().assert_code(0);
        path
    };
    const DEINIT: &str = "void afl_custom_deinit(void *d) {}";
    let no_init = compile(
        "no_init",
        &format!("{DEINIT} void afl_custom_fuzz(void) {{}}"),
    );
    let no_deinit = compile("no_deinit", "void *afl_custom_init(void) { return \"\"; }");
    let nothing = compile(
        "nothing",
        &format!("{DEINIT} void *afl_custom_init(void) {{ return \"\"; }}"),
    );
    let null = compile(
        "null",
        &format!(
            "{DEINIT} void afl_custom_fuzz(void) {{}} void *afl_custom_init(void) {{ return 0; }}"
        ),
    );
    let send = library(&bench, "send", &["SEND"]);
    type Variables = &'static [(&'static str, &'static str)];
    let cases: [(&Path, Variables, &str); 9] = [
        (Path::new("/nowhere/x.so"), &[], "No such file"),
        (&text, &[], "text.so (AFL_CUSTOM_MUTATOR_LIBRARY): "),
        (&no_init, &[], "has no afl_custom_init"),
        (&no_deinit, &[], "has no afl_custom_deinit"),
        (&nothing, &[], "none of the functions that do something"),
        (&null, &[], "its afl_custom_init returned NULL"),
        (
            Path::new(""),
            &[("AFL_CUSTOM_MUTATOR_ONLY", "1")],
            "no custom mutator is loaded",
        ),
        (
            Path::new(""),
            &[("AFL_PYTHON_MODULE", "x")],
            "mutators in Python are not run",
        ),
        (
            &send,
            &[("AFL_CUSTOM_MUTATOR_LATE_SEND", "1")],
            "AFL_CUSTOM_MUTATOR_LATE_SEND is set",
        ),
    ];
    for (library, variables, sentence) in cases {
        let line = fuzz(&bench, library, "10", &program);
        let line = variables
            .iter()
            .fold(line, |line, (name, value)| line.env(name, value));
        let done = line.run();
        assert_one_sentence(&done, sentence);
        assert!(!bench.path("out").exists(), "{done}");
    }
}

fn assert_one_sentence(done: &Finished, sentence: &str) {
    done.assert_code(1).assert_stderr(sentence);
    let text = done.stderr();
    let about_it = |line: &&str| !line.ends_with("which counts as not set");
    assert_eq!(text.lines().filter(about_it).count(), 1, "{done}");
    assert!(text.starts_with("tine: "), "{done}");
}

/// The unchanged sources of AFL++ 4.40c.
#[test]
fn aflplusplus_own_examples_work_unchanged() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .with_file_name("real")
        .join("src/cargo-afl-common/AFLplusplus");
    for (file, expected) in [
        ("example.c", "afl_custom_fuzz and others"),
        ("simple_example.c", "afl_custom_fuzz alone"),
        ("post_library_gif.so.c", "afl_custom_post_process alone"),
        ("custom_post_run.c", "afl_custom_post_run alone"),
    ] {
        let (bench, program) = bench();
        let source = root.join("custom_mutators/examples").join(file);
        assert!(
            source.is_file(),
            "{} is not there: `cargo xtask setup` fetches it",
            source.display()
        );
        let path = bench.path("example.so");
        let cc = bench
            .program("cc")
            .args(["-shared", "-fPIC", "-O2", "-w", "-o"])
            .arg(&path);
        let done = cc.arg("-I").arg(root.join("include")).arg(source).run();
        done.assert_code(0);
        let done = fuzz(&bench, &path, "300", &program).run();
        done.assert_code(0);
        let runs = Stats::read(&bench.path("out/default")).number("execs_done");
        assert!(runs >= 300.0, "{file}, {expected}: {done}");
    }
}
