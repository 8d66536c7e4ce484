use super::*;
use std::fs;

/// A folder of executables that print `macros`, and settings that find only it.
fn tools(names: &[&str]) -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        tool(&folder.path().join(name), "");
    }
    let settings = Settings {
        path: Some(folder.path().into()),
        ..Settings::default()
    };
    (folder, settings)
}

fn tool(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn found(language: Language, settings: &Settings) -> String {
    match Compiler::find(language, settings) {
        Ok(compiler) => compiler
            .path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_newest_clang_is_preferred_then_gcc() {
    let cases: [(&[&str], Language, &str); 5] = [
        (
            &["clang-14", "clang-19", "clang", "gcc"],
            Language::C,
            "clang-19",
        ),
        (
            &["clang-22", "clang++-19", "g++"],
            Language::Cxx,
            "clang++-19",
        ),
        (&["clang", "gcc"], Language::C, "clang"),
        (&["gcc", "g++"], Language::C, "gcc"),
        (&["gcc", "g++"], Language::Cxx, "g++"),
    ];
    for (names, language, expected) in cases {
        let (_folder, settings) = tools(names);
        assert_eq!(found(language, &settings), expected, "{names:?}");
    }
    let (_folder, settings) = tools(&[]);
    assert!(found(Language::C, &settings).contains("no C compiler on PATH"));
}

#[test]
fn the_user_chooses() {
    let (folder, mut settings) = tools(&["clang-22", "gcc-12", "g++-12", "ccache"]);
    settings.cc = Some("gcc-12".into());
    assert_eq!(found(Language::C, &settings), "gcc-12");
    assert_eq!(found(Language::Cxx, &settings), "g++-12");

    settings.cc = Some(folder.path().join("clang-22").into());
    assert_eq!(found(Language::C, &settings), "clang-22");
    assert!(found(Language::Cxx, &settings).contains("TINE_CXX"));

    settings.cc = Some("clang-99".into());
    assert!(found(Language::C, &settings).contains("\"clang-99\""));

    settings.cc = Some("gcc-12 -std=c99".into());
    let compiler = Compiler::find(Language::C, &settings).unwrap();
    assert_eq!(compiler.path, folder.path().join("gcc-12"));
    assert_eq!(compiler.leading, ["-std=c99"]);

    settings.cc = Some("ccache gcc-12".into());
    let compiler = Compiler::find(Language::C, &settings).unwrap();
    assert_eq!(compiler.program, folder.path().join("ccache"));
    assert_eq!(
        compiler.leading,
        [folder.path().join("gcc-12").into_os_string()]
    );
    assert_eq!(compiler.family, Family::Gcc);
    assert_eq!(found(Language::Cxx, &settings), "g++-12");
}

#[test]
fn other_names_are_asked_what_they_are() {
    let (folder, mut settings) = tools(&[]);
    settings.cc = Some("cc".into());
    let cases = [
        (
            "echo '#define __GNUC__ 4'; echo '#define __clang__ 1'",
            Some(Family::Clang),
        ),
        ("echo '#define __GNUC__ 12'", Some(Family::Gcc)),
        ("echo '#define __TINYC__ 1'", None),
        ("exit 1", None),
    ];
    for (body, family) in cases {
        tool(&folder.path().join("cc"), body);
        let compiler = Compiler::find(Language::C, &settings);
        assert_eq!(
            compiler.ok().map(|compiler| compiler.family),
            family,
            "{body}"
        );
    }
}

#[test]
fn it_does_not_run_itself() {
    let (folder, mut settings) = tools(&["tine-cc"]);
    std::os::unix::fs::symlink(folder.path().join("tine-cc"), folder.path().join("gcc")).unwrap();
    settings.cc = Some("gcc".into());
    assert!(found(Language::C, &settings).contains("wrapper itself"));
    settings.cc = None;
    tool(&folder.path().join("cc"), "echo '#define __GNUC__ 12'");
    assert_eq!(found(Language::C, &settings), "cc");
}
