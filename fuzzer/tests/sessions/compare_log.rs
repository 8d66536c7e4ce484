//! `tine fuzz -c`: comparisons are solved with a program that logs them, whoever built
//! it; and what is said of programs that do not.

mod programs;

use programs::{ALL, DOUBLE, HEAD, NESTED, Program};
use std::path::{Path, PathBuf};
use tine_workbench::{Compiler, Finished, Stats, Workbench, testcases};

/// More runs than any of the programs takes.
const RUNS: &str = "20000";

/// Compiles a program so that it logs its comparisons, or does not.
fn compile(bench: &Workbench, compiler: &Compiler, name: &str, body: &str, logs: bool) -> PathBuf {
    let source = format!("{HEAD}{body}\n    return 0;\n}}\n");
    let file = bench.write(format!("{name}.c"), source);
    let program = bench.path(if logs {
        format!("{name}.log")
    } else {
        name.into()
    });
    let runner = if compiler.by_tine {
        let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
        if logs { runner.arg("--cmplog") } else { runner }
    } else {
        // A compiler of AFL++ that was not installed finds its passes by this.
        let home = compiler.cc.parent().expect("it lies in a folder");
        let runner = bench.program(&compiler.cc).env("AFL_QUIET", "1");
        let runner = if home.join("afl-cc.c").exists() || home.join("src/afl-cc.c").exists() {
            runner.env("AFL_PATH", home)
        } else {
            runner
        };
        if logs {
            runner.env("AFL_LLVM_CMPLOG", "1")
        } else {
            runner
        }
    };
    runner
        .args(["-O1", "-g", "-fno-builtin", "-o"])
        .arg(&program)
        .arg(file)
        .run()
        .assert_code(0);
    program
}

fn fuzz(bench: &Workbench, out: &str, options: &[&str], target: &Path) -> Finished {
    bench
        .tine()
        .args(["fuzz", "--no-ui", "--until-crash", "-s", "1", "-i", "seeds"])
        .args(["-o", out])
        .args(options)
        .arg("--")
        .arg(target)
        .run()
}

fn crashes(bench: &Workbench, out: &str) -> usize {
    testcases(&bench.path(out).join("default/crashes")).len()
}

/// The session with the log solves the program; one without does not, in as many runs.
fn assert_solved(bench: &Workbench, program: &Program, log: &str, target: &Path) {
    let with = [&["-c", log, "-E", RUNS], program.options].concat();
    let done = fuzz(bench, "with", &with, target);
    done.assert_code(0);
    assert_eq!(
        crashes(bench, "with"),
        1,
        "{} is not solved: {done}",
        program.name
    );
    let runs = Stats::read(&bench.path("with/default"))
        .text("execs_done")
        .to_owned();
    let done = fuzz(bench, "without", &["-E", &runs], target);
    done.assert_code(0);
    assert_eq!(
        crashes(bench, "without"),
        0,
        "{} is too easy: {done}",
        program.name
    );
}

#[test]
fn each_program_is_solved_by_its_own_log_and_not_without() {
    for program in ALL {
        let bench = Workbench::new();
        bench.seeds("seeds", [program.seed]);
        let target = compile(&bench, &Compiler::clang(), program.name, program.body, true);
        assert_solved(&bench, program, "0", &target);
    }
}

#[test]
fn finds_are_named_its_and_each_testcase_is_done_once() {
    let bench = Workbench::new();
    bench.seeds("seeds", [NESTED.seed]);
    let target = compile(&bench, &Compiler::clang(), NESTED.name, NESTED.body, true);
    fuzz(&bench, "out", &["-c", "0", "-E", RUNS], &target).assert_code(0);
    let instance = bench.path("out/default");
    let crash = testcases(&instance.join("crashes")).remove(0);
    assert!(
        crash.to_string_lossy().contains(",op:its,"),
        "{}",
        crash.display()
    );
    let done = std::fs::read_to_string(instance.join(".cmplog_done")).unwrap();
    let before: Vec<&str> = done.lines().collect();
    assert!(before.len() > 3, "{done}");

    // A session that goes on does not begin with them again.
    let resumed = bench
        .tine()
        .args([
            "fuzz", "--no-ui", "-s", "1", "-i", "-", "-o", "out", "-E", "500", "-c", "0", "--",
        ])
        .arg(&target)
        .run();
    resumed.assert_code(0);
    let done = std::fs::read_to_string(instance.join(".cmplog_done")).unwrap();
    let after: Vec<&str> = done.lines().collect();
    assert_eq!(after[..before.len()], before);
}

#[test]
fn a_session_with_a_seed_is_repeatable() {
    let bench = Workbench::new();
    bench.seeds("seeds", [NESTED.seed]);
    let target = compile(&bench, &Compiler::clang(), NESTED.name, NESTED.body, true);
    let found = |out: &str| {
        fuzz(&bench, out, &["-c", "0", "-E", "1200"], &target).assert_code(0);
        let queue = testcases(&bench.path(out).join("default/queue"));
        queue
            .iter()
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let parts: Vec<_> = name
                    .split(',')
                    .filter(|it| !it.starts_with("time"))
                    .collect();
                (parts.join(","), std::fs::read(path).unwrap())
            })
            .collect::<Vec<_>>()
    };
    let one = found("one");
    assert!(one.len() > 3);
    assert_eq!(one, found("other"));
}

/// AFL++'s binaries, of both layouts of the log.
#[test]
fn binaries_of_aflplusplus_log_for_tine() {
    for compiler in [Compiler::aflplusplus(), Compiler::aflplusplus_440()] {
        for program in [NESTED, DOUBLE] {
            let bench = Workbench::new();
            bench.seeds("seeds", [program.seed]);
            let log = compile(&bench, &compiler, program.name, program.body, true);
            let target = compile(&bench, &compiler, program.name, program.body, false);
            assert_solved(&bench, &program, log.to_str().unwrap(), &target);
        }
    }
}

#[test]
fn a_program_that_does_not_log_is_named() {
    let bench = Workbench::new();
    bench.seeds("seeds", [NESTED.seed]);
    let clang = Compiler::clang();
    let target = compile(&bench, &clang, "target", NESTED.body, false);
    let other = compile(&bench, &clang, "other", "if (little(b)) return 77;", true);
    let ends = compile(&bench, &clang, "ends", "abort();", true);
    let afl = compile(&bench, &Compiler::aflplusplus(), "afl", NESTED.body, false);
    bench.write("text", "no program");
    let path = |path: &Path| path.to_string_lossy().into_owned();
    for (program, sentence) in [
        (
            "./missing".into(),
            "-c ./missing: there is no ./missing: is the path right?",
        ),
        (path(&bench.path("text")), "text is not executable"),
        ("/bin/true".into(), "/bin/true is not instrumented"),
        (
            "0".into(),
            "target does not log its comparisons: build it with `tine-cc --cmplog`",
        ),
        (
            path(&afl),
            "afl logs no comparison on 1 seed: build it with `tine-cc --cmplog` (with",
        ),
        (path(&other), "other.log ends otherwise than"),
        (path(&ends), "ends.log ends otherwise than"),
    ] {
        let done = fuzz(&bench, "out", &["-c", &program, "-E", "100"], &target);
        done.assert_code(1).assert_stderr(sentence);
        let said = done.stderr();
        let sentences = said.lines().filter(|line| line.contains("-c ")).count();
        assert_eq!(sentences, 1, "{done}");
        assert!(!bench.path("out").exists(), "nothing is made: {program}");
    }
    fuzz(&bench, "out", &["-l", "2"], &target)
        .assert_code(1)
        .assert_stderr("--cmplog <PROGRAM>");
    fuzz(&bench, "out", &["-c", "0", "-l", "7"], &target)
        .assert_code(1)
        .assert_stderr("give a level from 1 to 3");
    // What was chosen before is taken back.
    fuzz(
        &bench,
        "out",
        &["-c", "./missing", "-c", "-", "-E", "100"],
        &target,
    )
    .assert_code(0);
}

/// The numbers of the testcases that are done.
fn done(bench: &Workbench, out: &str) -> Vec<String> {
    let path = bench.path(out).join("default/.cmplog_done");
    let text = std::fs::read_to_string(path).expect("the numbers of what is done");
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn a_level_says_how_long_inputs_may_be_and_the_first_ones_may_be_left_out() {
    let bench = Workbench::new();
    let long = vec![b'a'; 3000];
    bench.seeds("seeds", [&long[..], b"a short seed of it"]);
    let body = "if (read(0, b, 1) == 1) sink++; if (b[0] & 1) sink++; if (b[1] & 2) sink--;";
    let target = compile(&bench, &Compiler::clang(), "lengths", body, true);
    for (out, level, has_long) in [("one", "1", false), ("two", "2", true)] {
        let options = ["-c", "0", "-l", level, "-E", "600"];
        fuzz(&bench, out, &options, &target).assert_code(0);
        let is_done = done(&bench, out).contains(&"0".into());
        assert_eq!(is_done, has_long, "level {level}");
    }
    let session = bench
        .tine()
        .args([
            "fuzz", "--no-ui", "-s", "1", "-i", "seeds", "-o", "new", "-c", "0",
        ])
        .args(["-E", "9000", "--"])
        .arg(&target)
        .env("AFL_CMPLOG_ONLY_NEW", "1")
        .run();
    session.assert_code(0);
    let numbers = done(&bench, "new");
    assert_eq!(numbers[..2], ["0", "1"], "left out from the start");
    let of_seeds = ["src:000000", "src:000001"];
    for find in testcases(&bench.path("new/default/queue")) {
        let name = find.to_string_lossy().into_owned();
        let solved = name.contains("op:its") || name.contains("op:colorization");
        assert!(
            !solved || !of_seeds.iter().any(|seed| name.contains(seed)),
            "{name}"
        );
    }
}

/// The program that logs kills its fork server from its tenth run on.
#[test]
fn a_program_that_fails_later_ends_the_solving_not_the_session() {
    let bench = Workbench::new();
    bench.seeds(
        "seeds",
        [
            "the first seed of it",
            "another seed of it",
            "one more seed",
        ],
    );
    let clang = Compiler::clang();
    let steps = "for (int i = 0; i < n; i++) if (b[i] == b[15 - (i & 15)] + 1) sink++;";
    let target = compile(&bench, &clang, "target", steps, false);
    let fails = format!(
        "int runs = open(\"{}\", O_WRONLY | O_CREAT | O_APPEND, 0600);
         if (write(runs, \"x\", 1) < 0 || lseek(runs, 0, SEEK_CUR) > 10) kill(getppid(), SIGKILL);
         {steps}",
        bench.path("runs").display()
    );
    let log = compile(&bench, &clang, "log", &fails, true);
    let options = ["-c", log.to_str().unwrap(), "-E", "15000"];
    fuzz(&bench, "out", &options, &target)
        .assert_code(0)
        .assert_stderr("comparisons are not solved any more, because -c")
        .assert_stderr("the fork server was lost 3 times in a row")
        .assert_stderr("stopped by its limit of runs");
}
