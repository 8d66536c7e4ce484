//! Wrong use: each error says what is wrong with what, and what to do.

use crate::{built, sample, source};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};
use tine::{Error, Program};

/// The error of a start that has to fail. `Debug` has to say the same: a test that returns
/// the error shows that.
fn refused(program: &Program) -> (Error, String) {
    let error = program.start().expect_err("it cannot start");
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), text);
    (error, text)
}

fn is_about(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

#[test]
fn a_missing_program() {
    let (error, text) = refused(&Program::new("target/no-such-program"));
    assert!(matches!(error, Error::NotFound { .. }));
    is_about(&text, &["target/no-such-program", "path"]);
    let (error, _) = refused(&Program::new("no-such-command").non_instrumented());
    assert!(matches!(error, Error::NotFound { .. }));
}

#[test]
fn a_file_that_is_not_executable() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    fs::copy(sample("ok.c"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o600)).unwrap();
    let (error, text) = refused(&Program::new(&program));
    assert!(matches!(error, Error::NotExecutable { .. }));
    is_about(&text, &["chmod +x", program.to_str().unwrap()]);
}

#[test]
fn a_program_that_is_not_instrumented() {
    let (error, text) = refused(&Program::new("cat"));
    assert!(matches!(error, Error::NotInstrumented { .. }));
    is_about(&text, &["tine::compile", ".non_instrumented()"]);
}

#[test]
fn a_script_and_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "#!/bin/sh\nexit 3\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let (error, text) = refused(&Program::new(&script));
    assert!(matches!(error, Error::NotAProgram { .. }));
    is_about(&text, &["/bin/sh", ".non_instrumented()"]);
    let outcome = Program::new(&script)
        .non_instrumented()
        .start()
        .unwrap()
        .run("");
    assert_eq!(outcome.unwrap().exit_code(), Some(3));
    let (error, _) = refused(&Program::new(folder.path()));
    assert!(matches!(error, Error::NotAProgram { .. }));
}

/// A program with this constructor.
fn with_constructor(name: &str, body: &str) -> std::path::PathBuf {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("constructor.c");
    let code = format!(
        "#include <stdlib.h>\n#include <unistd.h>\n\
         __attribute__((constructor)) static void begin(void) {{ {body} }}\n\
         int main(void) {{ return 0; }}\n"
    );
    fs::write(&text, code).unwrap();
    tine::compile(text).output(built(name)).unwrap()
}

#[test]
fn a_program_that_crashes_before_main() {
    let program = with_constructor("crashes_before_main", "abort();");
    let (error, text) = refused(&Program::new(program));
    assert!(matches!(error, Error::Start { .. }));
    is_about(&text, &["SIGABRT", "before main"]);
}

#[test]
fn a_program_that_does_not_come_up() {
    let program = with_constructor("sleeps_before_main", "sleep(1000);");
    let program = Program::new(program).startup_timeout(Duration::from_millis(300));
    let (error, text) = refused(&program);
    assert!(matches!(error, Error::Start { .. }));
    is_about(&text, &["0.3 s", ".startup_timeout(..)"]);
}

#[test]
fn too_little_memory() {
    let program = Program::new(sample("ok.c")).memory_limit(1 << 16);
    let (error, text) = refused(&program);
    assert!(matches!(error, Error::Start { .. }), "{text}");
}

#[test]
fn an_input_that_is_too_long() {
    let ok = Program::new(sample("ok.c")).start().unwrap();
    let error = ok.run(vec![0; 2 << 20]).unwrap_err();
    assert!(matches!(error, Error::Run { .. }));
    is_about(&error.to_string(), &["2097152", "1048576"]);
    assert!(ok.run("").unwrap().is_ok(), "it goes on");
}

#[test]
fn a_source_that_does_not_compile() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("wrong.c");
    fs::write(&text, "int main(void) { return nothing; }\n").unwrap();
    let program = folder.path().join("wrong");
    let error = tine::compile(&text).output(&program).unwrap_err();
    assert!(matches!(error, Error::Compile { .. }));
    is_about(&error.to_string(), &["wrong.c:1", "nothing"]);
    assert!(!program.exists());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let error = tine::compile("no-such-source.c").output(&program);
    is_about(&error.unwrap_err().to_string(), &["no-such-source.c"]);
}

#[test]
fn a_place_that_cannot_be_written() {
    let error = tine::compile(source("ok.c")).output(Path::new("/proc/program"));
    let error = error.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    is_about(&error.to_string(), &["/proc"]);
}

#[test]
fn sanitizers_that_exclude_each_other() {
    let error = tine::compile(source("ok.c"))
        .sanitizer(tine::Sanitizer::Address)
        .sanitizer(tine::Sanitizer::Memory)
        .output(built("two_sanitizers"))
        .unwrap_err();
    assert!(matches!(error, Error::Compiler { .. }), "{error}");
}
