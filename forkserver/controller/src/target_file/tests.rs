use super::{Architecture, Sanitizer, TargetFile, TargetFileError};
use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tine_protocol::{env, signature};

/// Any program of this system.
const PROGRAM: &str = "/bin/sh";

fn file(folder: &TempDir, contents: &[u8], mode: u32) -> PathBuf {
    let path = folder.path().join("target");
    fs::write(&path, contents).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// A copy of a program with these bytes changed and this at its end.
fn patched(folder: &TempDir, changes: &[(usize, u8)], tail: &[u8]) -> PathBuf {
    let mut contents = fs::read(PROGRAM).unwrap();
    for (offset, byte) in changes {
        contents[*offset] = *byte;
    }
    contents.extend(tail);
    file(folder, &contents, 0o755)
}

fn refusal(path: impl AsRef<Path>) -> TargetFileError {
    TargetFile::inspect(path.as_ref().as_os_str()).expect_err("this is no target")
}

#[test]
fn a_missing_target_is_named_and_a_command_is_looked_for_on_path() {
    let error = refusal("/no/such/target");
    assert!(
        matches!(&error, TargetFileError::NotFound { on_path: false, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("/no/such/target"), "{error}");

    let error = refusal("no-such-command-anywhere");
    assert!(error.to_string().contains("`./`"), "{error}");
    assert!(matches!(refusal(""), TargetFileError::NotFound { .. }));
    // Below something that is no folder.
    assert!(matches!(
        refusal("/bin/sh/x"),
        TargetFileError::NotFound { .. }
    ));

    let error = refusal("sh");
    assert!(matches!(&error, TargetFileError::NotInstrumented { path } if path.is_absolute()));
}

#[test]
fn what_is_no_file_or_not_executable_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(folder.path()).to_string().contains("is a folder"));
    assert!(refusal("/dev/null").to_string().contains("is a device"));
    let path = file(&folder, b"\x7fELF", 0o644);
    let error = refusal(&path);
    assert!(error.to_string().contains("chmod +x"), "{error}");
}

#[test]
fn scripts_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(file(&folder, b"#! /bin/sh -e\nexec true\n", 0o755));
    assert!(
        matches!(&error, TargetFileError::Script { interpreter, .. } if interpreter == "/bin/sh -e"),
        "{error}"
    );
    for contents in [
        &b""[..],
        b"\x7fEL",
        b"\x7fELF",
        b"\x7fELF\x02",
        b"MZ......",
        &[0; 400],
    ] {
        let error = refusal(file(&folder, contents, 0o755));
        assert!(
            matches!(error, TargetFileError::NotElf { .. }),
            "{contents:?}: {error}"
        );
    }
}

#[test]
fn another_architecture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = if Architecture::HOST.machine == 183 {
        243
    } else {
        183
    };
    let error = refusal(patched(&folder, &[(18, foreign)], b""));
    assert!(
        matches!(error, TargetFileError::WrongArchitecture { .. }),
        "{error}"
    );
    // A 32-bit x86 program: class 1, machine 3.
    let error = refusal(patched(&folder, &[(4, 1), (18, 3)], b""));
    let text = error.to_string();
    assert!(
        text.contains("32-bit x86") && text.contains("-m32"),
        "{text}"
    );
}

#[test]
fn object_files_and_files_without_their_loader_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(patched(&folder, &[(16, 1)], b""));
    assert!(error.to_string().contains("an object file"), "{error}");

    let contents = fs::read(PROGRAM).unwrap();
    let loader = memchr::memmem::find(&contents, b"/ld-linux").expect("a dynamic program");
    let error = refusal(patched(&folder, &[(loader + 1, b'x')], b""));
    assert!(matches!(error, TargetFileError::NoLoader { .. }), "{error}");
}

#[test]
fn a_header_with_nonsense_offsets_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    for offset in 24..64 {
        let path = patched(&folder, &[(offset, 0xff)], b"");
        assert!(TargetFile::inspect(path.as_os_str()).is_err());
    }
}

#[test]
fn signatures_and_sanitizers_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut tail = signature::INSTRUMENTED.to_vec();
    let target = TargetFile::inspect(patched(&folder, &[], &tail).as_os_str()).unwrap();
    assert!(target.instrumented && !target.persistent && !target.deferred);
    assert!(!target.tine_runtime && target.sanitizer.is_none());

    tail.extend(signature::PERSISTENT);
    tail.extend(signature::DEFERRED);
    tail.extend(env::CONTROL_PAGE_SHM_ID.to_bytes_with_nul());
    tail.extend(b"__ubsan_handle_add_overflow\0__asan_init\0");
    let target = TargetFile::inspect(patched(&folder, &[], &tail).as_os_str()).unwrap();
    assert!(target.persistent && target.deferred && target.tine_runtime);
    assert_eq!(target.sanitizer, Some(Sanitizer::Address));
}

#[test]
fn without_the_checks_a_script_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, b"#!/bin/sh\n", 0o755);
    let target = TargetFile::inspect_unchecked(path.as_os_str()).unwrap();
    assert!(!target.instrumented);
    assert!(TargetFile::inspect_unchecked(OsStr::new("/no/such/target")).is_err());
}
