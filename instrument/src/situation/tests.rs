use super::*;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Settings with a compiler of this name, which prints nothing.
fn with_compiler(folder: &Path, name: &str) -> Settings {
    let path = folder.join(name);
    fs::write(&path, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Settings {
        cc: Some(path.into()),
        cache: vec![folder.join("cache")],
        ..Settings::default()
    }
}

fn gather(line: &str, settings: &Settings) -> Result<Situation, InstrumentError> {
    let words = line.split_whitespace().map(OsString::from).collect();
    Situation::gather(Language::C, words, settings)
}

#[test]
fn the_gate_is_for_clang_20_and_later() {
    let folder = tempfile::tempdir().unwrap();
    for (name, gate) in [
        ("clang-14", false),
        ("clang-19", false),
        ("clang-20", true),
        ("clang-22", true),
        ("gcc-20", false),
    ] {
        let settings = Settings {
            cmplog: true,
            ..with_compiler(folder.path(), name)
        };
        let situation = gather("-c a.c", &settings).unwrap();
        assert_eq!(situation.has_gate, gate, "{name}");
    }
    // No version in its name, and none in its answer.
    let settings = Settings {
        cmplog: true,
        ..with_compiler(folder.path(), "clang")
    };
    let error = gather("-c a.c", &settings).unwrap_err().to_string();
    assert!(error.contains("build without --cmplog"), "{error}");
    assert!(gather("-c a.s", &settings).is_ok());
}

#[test]
fn other_architectures_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = with_compiler(folder.path(), "clang-22");
    for line in ["-m32 a.c", "-mx32 a.o"] {
        let error = gather(line, &settings).unwrap_err().to_string();
        assert!(error.contains("another architecture"), "{line}: {error}");
    }
    assert!(gather("-m32 --version", &settings).is_ok());
}
