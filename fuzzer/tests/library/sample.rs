//! A small crate outside of the workspace, which uses tine in its build script and in its
//! tests. The page about the library shows its files.

use crate::built;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where its files are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/library/sample")
}

#[test]
fn an_outside_crate_builds_offline_and_its_tests_pass() {
    let outside = built("outside");
    let _ = fs::remove_dir_all(&outside);
    copy(&folder(), &outside);
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = outside.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.replace("../../../../fuzzer", package.to_str().unwrap());
    // The build script and the tests can share one build of tine, the fastest to make.
    let profiles = "\n[profile.dev]\ndebug = false\n\
                    [profile.dev.build-override]\ndebug = false\n";
    fs::write(&manifest, text + profiles).unwrap();
    fs::copy(package.join("../Cargo.lock"), outside.join("Cargo.lock")).unwrap();

    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--offline", "--quiet"])
        .current_dir(&outside)
        .env("CARGO_TARGET_DIR", built("outside-target"));
    // What the Cargo that runs this test says about its own package.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let is_own = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if is_own.iter().any(|prefix| name.starts_with(prefix)) {
            cargo.env_remove(name.as_ref());
        }
    }
    let output = cargo.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
