use super::*;
use crate::{arguments::CommandLine, files::Files, linker::Linking, situation::ClangLists};
use std::path::Path;

fn compiler(family: Family, path: &str) -> Compiler {
    Compiler {
        program: path.into(),
        leading: vec![],
        path: path.into(),
        family,
    }
}

/// What would be known of `line` where the linker is `linker`.
fn situation(family: Family, line: &str, linker: Linker) -> Situation {
    let compiler = compiler(family, "/nowhere/compiler");
    let words = line.split_whitespace().map(OsString::from).collect();
    let line = CommandLine::read(words, &compiler, None).unwrap();
    let with = LinkWith::of(&line.facts);
    let link = (with != LinkWith::Nothing).then(|| Link {
        with,
        linking: Linking {
            linker: Some(linker),
            choice: None,
            layout: match family {
                Family::Clang => Layout::Fragment,
                Family::Gcc => Layout::Unneeded,
            },
        },
        files: Files {
            folder: Path::new("").into(),
        },
    });
    Situation {
        line,
        compiler,
        link,
        has_gate: false,
        is_foreign: false,
        selects_nothing: false,
        lists: ClangLists::default(),
        warnings: Vec::new(),
        notes: Vec::new(),
    }
}

fn text(plan: &Plan) -> String {
    let word = |argument: &Argument| match argument {
        Argument::Word(word) => word.clone().into_string().unwrap(),
        Argument::Response(words) => format!("{words:?}"),
    };
    plan.arguments
        .iter()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The command that `line` becomes, with tine's macros left out and its files
/// without their folder.
fn planned_by(family: Family, line: &str, settings: &Settings) -> String {
    let situation = situation(family, line, Linker::Bfd);
    let line = &situation.line;
    let links = situation.link.is_some();
    let mut plan = match Plan::new(&situation, settings) {
        Ok(plan) => plan,
        Err(error) => return error.to_string(),
    };
    let macros = macros::definitions(&line.facts.macros, family, false);
    let macros: Vec<_> = macros.into_iter().map(Argument::Word).collect();
    let has_macros = macros.iter().all(|word| plan.arguments.contains(word));
    plan.arguments.retain(|word| !macros.contains(word));
    let text = text(&plan)
        .replace(&CLANG_COVERAGE.join(" "), "COVERAGE")
        .replace(GCC_COVERAGE, "TRACE")
        .replace("-Xlinker --defsym=tine_counts_blocks=1", "BLOCKS");
    let wants_harness = text.contains(HARNESS_LINK);
    let runtime = if wants_harness {
        "RUNTIME+HARNESS"
    } else {
        "RUNTIME"
    };
    let text = text
        .replace(HARNESS_LINK, "")
        .replace("-Xlinker tine_main.o", "MAIN");
    let text = text
        .replace(PROGRAM_LINK, runtime)
        .replace(SHARED_LINK, "CALLBACKS");
    assert_eq!(
        text.contains(FRAGMENT),
        family == Family::Clang && links,
        "{text}"
    );
    let text = text.replace(FRAGMENT, "");
    if has_macros {
        format!("MACROS {text}")
    } else {
        text
    }
}

/// What gives clang's counters their pages.
const FRAGMENT: &str = "-Xlinker -T -Xlinker counters.ld ";
const PROGRAM_LINK: &str = "-Xlinker --dynamic-list=exports.list \
    -Xlinker --no-whole-archive -Xlinker libtine_driver.a \
    -Xlinker --whole-archive -Xlinker libtine_runtime.a -Xlinker --no-whole-archive";
/// What has the harness run whatever `main` there is, and makes a library yield it.
const HARNESS_LINK: &str = "-Xlinker --wrap=main \
    -Xlinker -u -Xlinker LLVMFuzzerTestOneInput \
    -Xlinker libtine_driver_none.a -Xlinker harness.ld ";
const SHARED_LINK: &str = "-Xlinker libtine_shared.a";

#[test]
fn what_clang_gets() {
    let cases = [
        ("a.c -o a", "MACROS -O2 -g COVERAGE a.c -o a RUNTIME"),
        ("-c a.c", "MACROS -O2 -g COVERAGE -c a.c"),
        ("-c -g0 -O0 a.c", "MACROS COVERAGE -c -g0 -O0 a.c"),
        ("-S a.c -Os", "MACROS -g COVERAGE -S a.c -Os"),
        ("-E a.c", "MACROS -O2 -E a.c"),
        ("-fsyntax-only a.c", "MACROS -O2 -fsyntax-only a.c"),
        ("-c a.i", "-O2 -g COVERAGE -c a.i"),
        ("-c a.s", "-c a.s"),
        ("a.o b.a -o a", "a.o b.a -o a RUNTIME"),
        ("a.o -shared", "a.o -shared CALLBACKS"),
        (
            "a.c -shared -O1 -g",
            "MACROS COVERAGE a.c -shared -O1 -g CALLBACKS",
        ),
        ("-r a.o b.o", "-r a.o b.o"),
        ("-nostdlib a.o", "-nostdlib a.o CALLBACKS"),
        ("-nostdlib a.o -lc", "-nostdlib a.o -lc RUNTIME -lc"),
        ("-nostartfiles a.o", "-nostartfiles a.o RUNTIME"),
        ("-x c - -o a", "MACROS -O2 -g COVERAGE -x c - -o a RUNTIME"),
        ("a.h", "MACROS -O2 -g COVERAGE a.h"),
        ("-fno-sanitize-coverage=edge -c a.c", "MACROS -O2 -g -c a.c"),
        (
            "-fsanitize=address,fuzzer a.o",
            "MAIN -fsanitize=address a.o RUNTIME+HARNESS",
        ),
        ("-fsanitize=fuzzer-no-link a.o", "a.o RUNTIME"),
        ("--version", "--version"),
        ("-v", "-v"),
        ("-v -fsanitize=fuzzer", "-v"),
        ("-cc1 -emit-obj a.c", "-cc1 -emit-obj a.c"),
    ];
    for (line, expected) in cases {
        assert_eq!(
            planned_by(Family::Clang, line, &Settings::default()),
            expected,
            "{line}"
        );
    }
}

#[test]
fn what_gcc_gets() {
    let cases = [
        ("a.c", "MACROS -O2 -g TRACE a.c BLOCKS RUNTIME"),
        ("-c a.c", "MACROS -O2 -g TRACE -c a.c"),
        ("a.o", "a.o BLOCKS RUNTIME"),
        ("a.o -flto", "TRACE a.o -flto BLOCKS RUNTIME"),
        ("-E a.c", "MACROS -O2 -E a.c"),
    ];
    for (line, expected) in cases {
        assert_eq!(
            planned_by(Family::Gcc, line, &Settings::default()),
            expected,
            "{line}"
        );
    }
}

#[test]
fn what_the_environment_adds() {
    use Sanitizer::{Address, ControlFlow, Memory, Undefined};
    let with = |sanitizers: &[Sanitizer]| Settings {
        sanitizers: sanitizers.to_vec(),
        no_optimise: true,
        ..Settings::default()
    };
    let cases = [
        (
            with(&[Address]),
            "-c a.c",
            "MACROS -fsanitize=address -U_FORTIFY_SOURCE -fno-omit-frame-pointer COVERAGE -c a.c",
        ),
        (with(&[Address]), "a.o", "-fsanitize=address a.o RUNTIME"),
        (
            with(&[Address]),
            "-fsanitize=address a.o",
            "-fsanitize=address a.o RUNTIME",
        ),
        (with(&[Address]), "-c a.s", "-c a.s"),
        (
            with(&[Undefined]),
            "-c -fomit-frame-pointer a.i",
            "-fsanitize=undefined -fno-sanitize-recover=all COVERAGE -c -fomit-frame-pointer a.i",
        ),
        (
            with(&[ControlFlow]),
            "a.o",
            "-fsanitize=cfi -flto -fvisibility=hidden a.o RUNTIME",
        ),
        (
            Settings {
                no_instrument: true,
                ..Settings::default()
            },
            "a.c",
            "MACROS -O2 -g a.c RUNTIME",
        ),
        (
            Settings {
                harden: true,
                no_optimise: true,
                ..Settings::default()
            },
            "-c a.c",
            "MACROS -fstack-protector-all -D_FORTIFY_SOURCE=2 COVERAGE -c a.c",
        ),
    ];
    for (settings, line, expected) in cases {
        assert_eq!(
            planned_by(Family::Clang, line, &settings),
            expected,
            "{line}"
        );
    }
    assert!(planned_by(Family::Gcc, "a.c", &with(&[Memory])).contains("TINE_CC"));
}

#[test]
fn what_a_compare_log_adds() {
    let callbacks = format!("{} ", CLANG_COMPARES.join(" "));
    let gate = format!("{} ", CLANG_GATE.join(" "));
    let no_builtin: String = names(routine::BUILTIN)
        .map(|name| format!("-fno-builtin-{name} "))
        .collect();
    let shown = |family, line: &str, settings: &Settings| {
        planned_by(family, line, settings)
            .replace(&no_builtin, "CALLED ")
            .replace(&callbacks, "COMPARES ")
            .replace(&gate, "GATE ")
            .replace(&format!("{GCC_COMPARES} "), "COMPARES ")
    };
    let by_variable = Settings {
        cmplog: true,
        ..Settings::default()
    };
    let by_option = Settings::default();
    for (line, settings) in [("-c --cmplog a.c", &by_option), ("-c a.c", &by_variable)] {
        assert_eq!(
            shown(Family::Gcc, line, settings),
            "MACROS -O2 -g TRACE COMPARES CALLED -c a.c"
        );
    }
    assert_eq!(
        shown(
            Family::Gcc,
            "-fno-sanitize-coverage=edge -c a.c",
            &by_variable
        ),
        "MACROS -O2 -g -c a.c"
    );
    let linked = shown(Family::Gcc, "a.o --cmplog", &by_option);
    assert!(
        linked.starts_with("a.o BLOCKS RUNTIME -Xlinker --wrap=memcmp "),
        "{linked}"
    );
    for part in [
        "--wrap=xmlStrcmp ",
        "--wrap=_ZNKSt7__cxx11",
        "--undefined=__wrap_memcmp ",
        "--undefined=xmlStrcmp ",
        "-Xlinker libtine_hooks.a ",
        "--undefined=tine_log_mark",
    ] {
        assert!(linked.contains(part), "{part}: {linked}");
    }
    let fixed = shown(Family::Gcc, "a.o -static", &by_variable);
    assert!(!fixed.contains("--wrap=_ZNKSt"), "{fixed}");
    let shared = shown(Family::Gcc, "a.o -shared", &by_variable);
    assert!(
        shared.contains("libtine_hooks.a") && !shared.contains("__wrap_"),
        "{shared}"
    );
    for line in ["-r a.o", "-S -x assembler a.s", "--version"] {
        assert_eq!(shown(Family::Gcc, line, &by_variable), line);
    }
}

#[test]
fn the_gate_is_for_those_that_know_it() {
    let settings = Settings {
        cmplog: true,
        ..Settings::default()
    };
    for has_gate in [false, true] {
        let situation = Situation {
            has_gate,
            ..situation(Family::Clang, "-c a.c", Linker::Bfd)
        };
        let text = text(&Plan::new(&situation, &settings).unwrap());
        assert!(text.contains(&CLANG_COMPARES.join(" ")), "{text}");
        assert_eq!(text.contains(&CLANG_GATE.join(" ")), has_gate, "{text}");
    }
}

#[test]
fn lld_gets_all_hooks() {
    let situation = situation(Family::Clang, "a.o --cmplog", Linker::Lld);
    let text = text(&Plan::new(&situation, &Settings::default()).unwrap());
    assert!(text.contains("-Xlinker libtine_hooks_lld.a"), "{text}");
    for name in ["memcmp", "xmlStrcmp", "_ZNKSt3__112basic_string"] {
        assert!(text.contains(&format!("--wrap={name}")), "{text}");
        assert!(
            text.contains(&format!("--undefined=__wrap_{name}")),
            "{text}"
        );
    }
}

#[test]
fn functions_that_the_user_wraps_are_the_users() {
    for linker in [Linker::Bfd, Linker::Lld, Linker::Mold] {
        let situation = situation(Family::Clang, "a.o --cmplog -Wl,--wrap=strcmp", linker);
        let text = text(&Plan::new(&situation, &Settings::default()).unwrap());
        assert_eq!(text.matches("wrap=strcmp").count(), 1, "{text}");
        assert!(!text.contains("__wrap_strcmp"), "{text}");
        assert!(text.contains("--wrap=strncmp"), "{text}");
    }
}

#[test]
fn pages_stand_in_front_of_all_inputs() {
    let mut situation = situation(Family::Clang, "a.o -shared", Linker::Gold);
    if let Some(link) = &mut situation.link {
        link.linking.layout = Layout::Pages;
    }
    let text = text(&Plan::new(&situation, &Settings::default()).unwrap());
    let expected = "-Xlinker tine_pages.o a.o -shared -Xlinker --undefined=tine_counters_end \
         -Xlinker libtine_shared.a";
    assert_eq!(text, expected);
}

#[test]
fn the_shown_command_can_be_pasted() {
    let plan = Plan {
        program: "/usr/bin/cc".into(),
        arguments: vec![
            Argument::Word("-Da=\"b c\"".into()),
            Argument::Response(vec!["it's".into(), OsString::new()]),
            Argument::Word("-O2".into()),
        ],
        spent_variables: vec![],
        links: None,
    };
    assert_eq!(
        plan.to_shell(),
        r#"/usr/bin/cc '-Da="b c"' 'it'\''s' '' -O2"#
    );
}
