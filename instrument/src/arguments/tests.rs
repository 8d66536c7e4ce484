use super::*;
use crate::compiler::Family;
use std::path::Path;

fn compiler(family: Family) -> Compiler {
    let path = Path::new("/nowhere/compiler");
    Compiler {
        program: path.into(),
        leading: Vec::new(),
        path: path.into(),
        family,
    }
}

fn read(arguments: Vec<OsString>) -> CommandLine {
    CommandLine::read(arguments, &compiler(Family::Clang), None).unwrap()
}

fn parse(line: &str) -> CommandLine {
    read(line.split_whitespace().map(OsString::from).collect())
}

/// The edited arguments with blanks between them; response files in brackets.
fn shown(line: &CommandLine) -> String {
    let shown = |argument| match argument {
        Argument::Word(word) => word.into_string().unwrap(),
        Argument::Response(words) => format!("[{}]", words.join(OsStr::new("|")).display()),
    };
    line.edited()
        .into_iter()
        .map(shown)
        .collect::<Vec<_>>()
        .join(" ")
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
        ("a.cppm", true, true),
        ("a.ixx", true, true),
        ("a.mm", true, true),
        ("a.ii", false, true),
        ("a.pcm", false, true),
        ("-x c++-module a", true, true),
        ("-x c++-module-cpp-output a", false, true),
        ("a.ll", false, false),
        ("a.cu", false, false),
        ("-fdebug-compilation-dir a.c b.o", false, false),
    ];
    for (line, preprocesses, has_source) in cases {
        let facts = parse(line).facts;
        assert_eq!(
            (facts.preprocesses, facts.has_source()),
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
    let foreign = |option: &str| Architecture::Foreign(option.to_owned());
    let cases = [
        ("a.c", Architecture::Default),
        ("-m32 a.c", foreign("-m32")),
        ("-m32 -m64 a.c", Architecture::Fits),
        (
            "--target=aarch64-linux-gnu a.c",
            foreign("--target aarch64-linux-gnu"),
        ),
        ("-target bpf a.c", foreign("-target bpf")),
        ("--target=x86_64-linux-gnu a.c", Architecture::Fits),
        (
            "--target=x86_64-linux-gnux32 a.c",
            foreign("--target x86_64-linux-gnux32"),
        ),
        ("a.o -Wl,-m,elf_i386", foreign("-Wl,-m,elf_i386")),
    ];
    for (line, architecture) in cases {
        assert_eq!(parse(line).facts.architecture, architecture, "{line}");
    }
}

#[test]
fn link_facts() {
    let facts = parse("a.o -flto=thin -fuse-ld=lld -nostdlib -lc -Wl,-T,x.ld").facts;
    assert!(facts.lto && facts.no_libc && facts.names_libc);
    assert!(facts.chooses_linker);
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
        assert_eq!(shown(&parse(line)), expected, "{line}");
    }
    let facts = parse("-fsanitize=address,fuzzer,undefined -fno-sanitize=undefined a.c").facts;
    assert_eq!(facts.sanitizers, BTreeSet::from(["address".to_owned()]));
}

#[test]
fn a_response_file_is_passed_on_unless_it_is_used_up_or_a_word_inside_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("args");
    let argument = format!("@{}", file.display());
    let line = || read(vec![argument.clone().into(), "-O1".into()]);

    std::fs::write(&file, "-c 'a b.c'").unwrap();
    assert_eq!(line().facts.stage, Stage::Compile);
    assert!(line().facts.has_source());
    assert_eq!(shown(&line()), format!("{argument} -O1"));

    std::fs::write(&file, "-c 'a b.c' -fsanitize=fuzzer").unwrap();
    assert_eq!(shown(&line()), "[-c|a b.c] -O1");

    let pipe = || {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        std::io::Write::write_all(&mut std::fs::File::from(writer), b"-c a.c").unwrap();
        reader
    };
    let descriptor = |file: &std::os::fd::OwnedFd| {
        format!("@/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file))
    };
    let reader = pipe();
    let line = read(vec![descriptor(&reader).into(), "-O1".into()]);
    assert_eq!(shown(&line), "[-c|a.c] -O1");
    assert_eq!(line.facts.stage, Stage::Compile);

    let reader = pipe();
    let line = read(vec![format!("-Wl,-z,{}", descriptor(&reader)).into()]);
    assert_eq!(shown(&line), "-Xlinker -z -Xlinker -c -Xlinker a.c");
    // A driver expands a word of its own first; gcc leaves a pipe to the linker.
    for (family, expected) in [
        (Family::Clang, "-Xlinker [-c|a.c] a.o"),
        (Family::Gcc, "-Xlinker -c -Xlinker a.c a.o"),
    ] {
        let reader = pipe();
        let words = ["-Xlinker", &descriptor(&reader), "a.o"].map(OsString::from);
        let line = CommandLine::read(words.to_vec(), &compiler(family), None).unwrap();
        assert_eq!(shown(&line), expected);
    }
}

#[test]
fn the_linkers_response_files_are_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("args");
    std::fs::write(&file, "-shared -o x.so").unwrap();
    for argument in [
        format!("-Wl,-z,now,@{}", file.display()),
        format!("-Wl,@{}", file.display()),
    ] {
        let line = parse(&format!("{argument} a.o -o a.out"));
        assert_eq!(line.facts.output, Output::SharedObject, "{argument}");
        assert_eq!(line.facts.output_file.as_deref(), Some(Path::new("x.so")));
        assert_eq!(shown(&line), format!("{argument} a.o -o a.out"));
    }
}

#[test]
fn clangs_overrides_are_done_and_gone() {
    let words = |line: &str| line.split_whitespace().map(OsString::from).collect();
    let clang = compiler(Family::Clang);
    let line = CommandLine::read(words("a.c -o a"), &clang, Some("# +-c X-o")).unwrap();
    assert_eq!(line.facts.stage, Stage::Compile);
    assert_eq!(line.facts.output_file, None);
    assert_eq!(shown(&line), "a.c -c");
}

#[test]
fn what_a_question_about_the_linker_keeps() {
    let line = parse("a.c -c -o x -B dir -fuse-ld=lld -MF d -Wl,-z,now -m64 -flto --sysroot /s");
    let options = line.options().join(OsStr::new(" "));
    assert_eq!(options, "-B dir -fuse-ld=lld -m64 --sysroot /s");
}

#[test]
fn macros_that_the_user_defines() {
    let facts = parse("-DA -D B=1 -DC(x)=x -Wp,-MD,x.d,-DD=2 -Xpreprocessor -DE a.c").facts;
    assert_eq!(
        facts.macros,
        BTreeSet::from(["A", "B", "C", "D", "E"].map(str::to_owned))
    );
}
