use super::*;
use std::{fs, os::unix::fs::PermissionsExt};

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A compiler whose linker says that it is `linker`, or fails if that is empty.
fn compiler(folder: &Path, family: Family, linker: &str) -> Compiler {
    let path = folder.join("clang");
    executable(&path, &format!("#!/bin/sh\necho \"{linker}\"\n"));
    Compiler {
        program: path.clone(),
        leading: Vec::new(),
        path,
        family,
    }
}

fn line(words: &str, compiler: &Compiler) -> CommandLine {
    let words = words.split_whitespace().map(OsString::from).collect();
    CommandLine::read(words, compiler, None).unwrap()
}

const BFD: &str = "GNU ld (GNU Binutils for Debian) 2.40";
const LLD: &str = "Debian LLD 14.0.6 (compatible with GNU linkers)";

#[test]
fn linkers_are_known_by_their_answer() {
    let cases = [
        (BFD, Linker::Bfd),
        ("GNU ld version 2.41-37.fc40", Linker::Bfd),
        ("GNU gold (GNU Binutils for Debian 2.40) 1.16", Linker::Gold),
        (LLD, Linker::Lld),
        ("mold 1.10.1 (compatible with GNU ld)", Linker::Mold),
        (
            "Wild version 0.5.0 (compatible with GNU linkers)\nmore",
            Linker::Other("Wild version 0.5.0 (compatible with GNU linkers)".into()),
        ),
    ];
    for (answer, linker) in cases {
        assert_eq!(Linker::of_answer(answer), linker);
    }
}

#[test]
fn the_linker_is_asked_with_the_users_options() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clang");
    // It has lld under -B/lld, and says nothing if it is to compile or to write.
    let script = "#!/bin/sh\ncase \"$*\" in *a.c*|*-o*|*-MF*) exit 1;; *-B/lld*) echo LLD;; *) echo GNU ld;; esac\n";
    executable(&path, script);
    let compiler = Compiler {
        program: path.clone(),
        leading: Vec::new(),
        path,
        family: Family::Clang,
    };
    let linker = |words: &str| {
        let line = line(words, &compiler);
        decide(&line, &compiler, &Settings::default(), false)
            .unwrap()
            .linker
    };
    assert_eq!(linker("a.c -o a -MD -MF a.d"), Some(Linker::Bfd));
    assert_eq!(linker("a.c -o a -B/lld"), Some(Linker::Lld));
    assert_eq!(linker("a.c -o a -B /elsewhere -B/lld"), Some(Linker::Lld));
}

#[test]
fn lto_takes_the_compilers_own_lld_then_its_plugin() {
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("llvm-19/bin");
    let lib = root.path().join("llvm-19/lib");
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&lib).unwrap();
    let compiler = compiler(&bin, Family::Clang, BFD);
    let settings = Settings {
        path: Some(root.path().into()),
        ..Settings::default()
    };
    let decide = |words: &str| decide(&line(words, &compiler), &compiler, &settings, false);
    let lto = || decide("a.o -flto");

    let error = lto().unwrap_err().to_string();
    assert!(error.contains("install lld-19"), "{error}");

    fs::write(lib.join("LLVMgold.so"), "").unwrap();
    assert_eq!(lto().unwrap().choice, None);

    let on_path = root.path().join("ld.lld-19");
    executable(&on_path, "");
    let option = |path: &Path| Some(OsString::from(format!("--ld-path={}", path.display())));
    assert_eq!(lto().unwrap().choice, option(&on_path));
    assert_eq!(lto().unwrap().linker, Some(Linker::Lld));

    let beside = bin.canonicalize().unwrap().join("ld.lld");
    fs::write(&beside, "").unwrap();
    assert_eq!(lto().unwrap().choice, option(&beside));
    assert_eq!(decide("a.o -flto -fuse-ld=bfd").unwrap().choice, None);
    assert_eq!(decide("a.o").unwrap().choice, None);
}

#[test]
fn the_layout_goes_by_the_linker_and_the_users_script() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("x.ld");
    let layout = |text: &str, linker: &str, family| {
        let compiler = compiler(folder.path(), family, linker);
        let words = if text.is_empty() {
            "a.o".to_owned()
        } else {
            fs::write(&script, text).unwrap();
            format!("a.o -T {}", script.display())
        };
        let line = line(&words, &compiler);
        decide(&line, &compiler, &Settings::default(), true)
            .unwrap()
            .layout
    };
    let whole = "SECTIONS { .text : { *(.text) } }";
    let more = "SECTIONS { .x : { *(.x) } } INSERT AFTER .text;";
    let mold = "mold 1.10.1 (compatible with GNU ld)";
    for (text, linker, expected) in [
        ("", BFD, Layout::Fragment),
        (more, BFD, Layout::Fragment),
        (whole, BFD, Layout::Pages),
        ("", LLD, Layout::Fragment),
        (whole, LLD, Layout::Fragment),
        ("", mold, Layout::Pages),
        ("", "GNU gold 1.16", Layout::Pages),
        ("", "Wild version 0.5.0", Layout::Pages),
    ] {
        assert_eq!(
            layout(text, linker, Family::Clang),
            expected,
            "{linker} {text}"
        );
        assert_eq!(layout(text, linker, Family::Gcc), Layout::Unneeded);
    }
}
