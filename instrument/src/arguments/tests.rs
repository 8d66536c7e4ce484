use super::*;

fn parse(line: &str) -> CommandLine {
    CommandLine::parse(line.split_whitespace().map(OsString::from).collect()).unwrap()
}

#[test]
fn stages() {
    use Stage::{Check, Compile, Link, Preprocess};
    let cases = [
        ("a.c", Link),
        ("a.c -c", Compile),
        ("-S a.c", Compile),
        ("-E a.c", Preprocess),
        ("-c -E a.c", Preprocess),
        ("-E -c a.c", Preprocess),
        ("-M a.c", Preprocess),
        ("-MD -MF x.d a.c", Link),
        ("-fsyntax-only -c a.c", Check),
        ("a.o -o x", Link),
        ("a.h", Compile),
        ("-x c-header a", Compile),
        ("a.h b.c", Link),
        ("-o -c a.c", Link),
        ("-Xclang -E a.c", Link),
    ];
    for (line, stage) in cases {
        assert_eq!(parse(line).facts.stage, stage, "{line}");
    }
}

#[test]
fn outputs() {
    use Output::{Program, Relocatable, SharedObject};
    let cases = [
        ("a.c", Program),
        ("a.c -shared", SharedObject),
        ("a.c -Wl,-soname,x,-shared", SharedObject),
        ("a.c -Xlinker -shared", SharedObject),
        ("-r a.o", Relocatable),
        ("a.o -Wl,--relocatable", Relocatable),
        ("a.o -rdynamic", Program),
    ];
    for (line, output) in cases {
        assert_eq!(parse(line).facts.output, output, "{line}");
    }
}

#[test]
fn inputs() {
    // (line, goes through the preprocessor, has source)
    let cases = [
        ("a.c", true, true),
        ("a.cc", true, true),
        ("a.i", false, true),
        ("a.s", false, false),
        ("a.S", false, false),
        ("a.o libx.a", false, false),
        ("-x c -", true, true),
        ("-x c a.o", true, true),
        ("-xc++ a.o", true, true),
        ("-x assembler a.c", false, false),
        ("-x assembler a.c -x none b.c", true, true),
        ("-o a.c b.o", false, false),
        ("-include a.c b.o", false, false),
        ("-MF a.c b.o", false, false),
        ("-x cpp-output a", false, true),
        ("-- a.c", true, true),
    ];
    for (line, preprocesses, has_source) in cases {
        let facts = parse(line).facts;
        assert_eq!(
            (facts.preprocesses, facts.has_source),
            (preprocesses, has_source),
            "{line}"
        );
        assert!(!facts.is_question, "{line}");
    }
}

#[test]
fn questions() {
    for line in [
        "",
        "-v",
        "--version",
        "--help",
        "-print-search-dirs",
        "-dumpmachine a.c",
        "-O2",
    ] {
        assert!(parse(line).facts.is_question, "{line}");
    }
    for line in ["-v a.c", "-### a.c", "-lfoo", "-"] {
        assert!(!parse(line).facts.is_question, "{line}");
    }
}

#[test]
fn debug_and_optimisation() {
    let cases = [
        ("a.c", false, false),
        ("-g a.c", true, false),
        ("-g0 a.c", true, false),
        ("-ggdb3 -Os a.c", true, true),
        ("-gdwarf-4 -O a.c", true, true),
        ("-gz -gcc-toolchain x a.c", false, false),
        ("-gno-column-info a.c", false, false),
    ];
    for (line, debug_info, optimised) in cases {
        let facts = parse(line).facts;
        assert_eq!(
            (facts.debug_info, facts.optimised),
            (debug_info, optimised),
            "{line}"
        );
    }
}

#[test]
fn the_last_word_on_architecture_counts() {
    let cases = [
        ("-m32 a.c", Some("-m32")),
        ("-m32 -m64 a.c", None),
        (
            "--target=aarch64-linux-gnu a.c",
            Some("--target aarch64-linux-gnu"),
        ),
        ("-target i386-linux-gnu a.c", Some("-target i386-linux-gnu")),
        ("--target=x86_64-linux-gnu a.c", None),
        (
            "--target=x86_64-linux-gnux32 a.c",
            Some("--target x86_64-linux-gnux32"),
        ),
    ];
    for (line, option) in cases {
        assert_eq!(
            parse(line).facts.foreign_architecture.as_deref(),
            option,
            "{line}"
        );
    }
}

#[test]
fn link_facts() {
    let facts = parse("a.o -flto=thin -fuse-ld=lld -nostdlib -lc -Wl,-T,x.ld").facts;
    assert!(facts.lto && facts.no_libc && facts.names_libc);
    assert_eq!(facts.linker.as_deref(), Some("lld"));
    assert_eq!(facts.scripts, ["x.ld"]);
    assert!(!parse("a.o -flto -fno-lto").facts.lto);
    for (line, script) in [
        ("a.o -T x.ld", "x.ld"),
        ("a.o -Tx.ld", "x.ld"),
        ("a.o -Wl,--script=x.ld", "x.ld"),
        ("a.o -Xlinker -T -Xlinker x.ld", "x.ld"),
    ] {
        assert_eq!(parse(line).facts.scripts, [script], "{line}");
    }
    for line in [
        "a.o -Ttext=0x1000",
        "a.o -Wl,-Ttext-segment=0x1000",
        "a.o -Tdata 0x1000",
    ] {
        assert!(parse(line).facts.scripts.is_empty(), "{line}");
    }
}

#[test]
fn what_changes_on_the_way_to_the_compiler() {
    let cases = [
        ("-c a.c -O1", "-c a.c -O1"),
        ("-fsanitize=fuzzer a.c", "a.c"),
        ("-fsanitize=address,fuzzer a.c", "-fsanitize=address a.c"),
        (
            "-fsanitize=fuzzer-no-link,undefined a.c",
            "-fsanitize=undefined a.c",
        ),
        ("-fno-sanitize=fuzzer a.c", "a.c"),
        ("-fsanitize-coverage=trace-pc-guard,trace-cmp a.c", "a.c"),
        (
            "-fsanitize-coverage-whitelist=white a.c",
            "-Xclang -fsanitize-coverage-allowlist=white a.c",
        ),
        ("-c -- -a.c b.c", "-c ./-a.c b.c"),
    ];
    for (line, expected) in cases {
        assert_eq!(
            parse(line).edited().join(OsStr::new(" ")),
            expected,
            "{line}"
        );
    }
    let facts = parse("-fsanitize=address,fuzzer,undefined -fno-sanitize=undefined a.c").facts;
    assert_eq!(facts.sanitizers, BTreeSet::from(["address".to_owned()]));
}

#[test]
fn a_response_file_is_passed_on_unless_a_word_inside_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("args");
    let argument = format!("@{}", file.display());

    std::fs::write(&file, "-c 'a b.c'").unwrap();
    let line = CommandLine::parse(vec![argument.clone().into(), "-O1".into()]).unwrap();
    assert_eq!(line.facts.stage, Stage::Compile);
    assert!(line.facts.has_source);
    assert_eq!(line.edited(), [argument.as_str(), "-O1"]);

    std::fs::write(&file, "-c 'a b.c' -fsanitize=fuzzer").unwrap();
    let line = CommandLine::parse(vec![argument.into(), "-O1".into()]).unwrap();
    assert_eq!(line.edited(), ["-c", "a b.c", "-O1"]);
}

#[test]
fn macros_that_the_user_defines() {
    let facts = parse("-DA -D B=1 -DC(x)=x a.c").facts;
    assert_eq!(
        facts.macros,
        BTreeSet::from(["A", "B", "C"].map(str::to_owned))
    );
}
