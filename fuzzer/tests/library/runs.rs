//! Programs that are started and run by hand-written checks.

use crate::{built, sample, source};
use std::{fs, time::Duration};
use tine::{End, Program, Sanitizer};

#[test]
fn an_outcome_says_how_the_run_ended() {
    let exits = Program::new(sample("exit_codes.c")).start().unwrap();
    let outcome = exits.run("7").unwrap();
    assert_eq!(
        (outcome.end(), outcome.exit_code()),
        (End::Exited(7), Some(7))
    );
    assert!(outcome.is_ok() && !outcome.is_crash() && outcome.signal().is_none());
    assert_eq!(outcome.to_string(), "exited with code 7");

    let crashes = Program::new(sample("crash_segv.c")).start().unwrap();
    let outcome = crashes.run(crash_input()).unwrap();
    assert!(outcome.is_crash() && !outcome.is_ok(), "{outcome}");
    assert_eq!(outcome.signal(), Some(11));
    assert_eq!(outcome.to_string(), "crashed by signal 11 (SIGSEGV)");

    let hangs = Program::new(sample("hang.c")).timeout(Duration::from_millis(100));
    let outcome = hangs.start().unwrap().run(b"\xff").unwrap();
    assert!(outcome.is_timeout() && !outcome.is_ok(), "{outcome}");
}

fn crash_input() -> Vec<u8> {
    b"!".to_vec()
}

#[test]
fn an_exit_code_may_mean_a_crash() {
    let exits = Program::new(sample("exit_codes.c")).crash_exit_code(42);
    let exits = exits.start().unwrap();
    assert_eq!(exits.run("42").unwrap().end(), End::CrashExit(42));
    assert_eq!(exits.run("41").unwrap().end(), End::Exited(41));
}

#[test]
fn edges_tell_which_input_goes_further() {
    let magic = Program::new(sample("magic_bytes.c")).start().unwrap();
    let near = magic.run("prox").unwrap();
    let far = magic.run("xxxx").unwrap();
    let deeper = near.edges().not_in(far.edges());
    assert!(!deeper.is_empty(), "{near:?} {far:?}");
    let (edge, count) = deeper.iter().next().unwrap();
    assert!(near.edges().contains(edge) && near.edges().count(edge) == count);
    // The same each time.
    assert_eq!(magic.run("prox").unwrap(), near);
    let mut all = far.edges().clone();
    all.add(near.edges());
    assert!(all.len() <= magic.total_edges().unwrap());
    assert!(magic.run("prong").unwrap().is_crash());
}

#[test]
fn an_argument_may_name_a_file_with_the_input() {
    let files = Program::new(sample("input_file.c")).arg("@@");
    let files = files.input_extension("txt").start().unwrap();
    for length in [0, 5, 3, 42] {
        let outcome = files.run(vec![b'x'; length]).unwrap();
        assert_eq!(outcome.exit_code(), Some(length as i32));
    }
}

#[test]
fn arguments_variables_and_folder_are_the_programs() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("shown");
    let text = folder.path().join("shown.c");
    fs::write(
        &text,
        "#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n\
         int main(int count, char **words) {\n\
         char folder[4096];\n\
         const char *set = getenv(\"SHOWN\");\n\
         if (count != 3 || strcmp(words[1], \"a b\") || strcmp(words[2], \"c\")) return 1;\n\
         if (!set || strcmp(set, \"yes\")) return 2;\n\
         return getcwd(folder, sizeof folder) && !strcmp(folder, getenv(\"HERE\")) ? 0 : 3; }\n",
    )
    .unwrap();
    let program = tine::compile(&text).output(program).unwrap();
    let here = folder.path().canonicalize().unwrap();
    for is_plain in [false, true] {
        let mut shown = Program::new(&program)
            .args(["a b", "c"])
            .env("SHOWN", "yes")
            .env("HERE", &here)
            .current_dir(&here);
        if is_plain {
            shown = shown.non_instrumented();
        }
        let outcome = shown.start().unwrap().run("").unwrap();
        assert_eq!(outcome.exit_code(), Some(0));
        assert_eq!(outcome.edges().is_empty(), is_plain);
    }
}

#[test]
fn a_program_without_coverage_is_run_too() {
    let cat = Program::new("cat").non_instrumented().start().unwrap();
    let outcome = cat.run("hello").unwrap();
    assert_eq!(outcome.exit_code(), Some(0));
    assert!(outcome.edges().is_empty() && cat.total_edges().is_none());
    assert!(cat.path().is_absolute(), "{cat:?}");
}

#[test]
fn a_sanitizer_makes_a_mistake_a_crash() {
    let program = tine::compile(source("stack_overflow.c"))
        .sanitizer(Sanitizer::Address)
        .output(built("stack_overflow_asan"))
        .unwrap();
    let outcome = Program::new(program)
        .start()
        .unwrap()
        .run(vec![b'A'; 200])
        .unwrap();
    assert!(outcome.is_crash(), "{outcome}");
}

#[test]
fn cxx_is_known_by_its_ending() {
    let program = tine::compile(source("harness.cc"))
        .output(built("harness"))
        .unwrap();
    let harness = Program::new(program).start().unwrap();
    let outcome = harness.run("hello").unwrap();
    assert_eq!(outcome.end(), End::Returned);
}

#[test]
fn a_lost_fork_server_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("parricide.c");
    // It kills its parent the first time only: the file tells.
    fs::write(
        &text,
        "#include <fcntl.h>\n#include <signal.h>\n#include <stdlib.h>\n#include <unistd.h>\n\
         int main(void) {\n\
         if (open(getenv(\"ONCE\"), O_CREAT | O_EXCL, 0600) >= 0) kill(getppid(), SIGKILL);\n\
         return 5; }\n",
    )
    .unwrap();
    let program = tine::compile(&text)
        .output(folder.path().join("parricide"))
        .unwrap();
    let program = Program::new(program).env("ONCE", folder.path().join("once"));
    let program = program.start().unwrap();
    assert_eq!(program.run("").unwrap().exit_code(), Some(5));
    assert_eq!(program.restarts(), 1);
    assert_eq!(program.run("").unwrap().exit_code(), Some(5));
}
