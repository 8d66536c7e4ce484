//! Libraries that are unloaded: before the fork server starts, in its children, and
//! again and again.

use super::{compile, config, copy_source, run};
use tine_controller::{ForkServer, Outcome};
use tine_workbench::in_process;

/// What the program does, and whether each of its inputs is counted differently.
struct Case {
    flags: &'static str,
    words: &'static str,
    counts: bool,
}

const CASES: &[Case] = &[
    // Before the server starts.
    Case {
        flags: "-DDEFERRED",
        words: "+./one.so =./one.so -./one.so ! ?a+./none",
        counts: false,
    },
    Case {
        flags: "-DDEFERRED",
        words: "+./one.so -./one.so +./two.so ! =./two.so",
        counts: true,
    },
    Case {
        flags: "-DDEFERRED",
        words: "+./one.so -./one.so +./one.so ! =./one.so",
        counts: true,
    },
    Case {
        flags: "-DDEFERRED",
        words: "+./one.so +./two.so -./one.so ! =./two.so",
        counts: true,
    },
    // In a child, before its loop.
    Case {
        flags: "-DDEFERRED -DPERSISTENT",
        words: "+./one.so +./two.so ! -./one.so * =./two.so",
        counts: true,
    },
    Case {
        flags: "-DDEFERRED -DPERSISTENT",
        words: "+./one.so ! -./one.so * ?x+./none",
        counts: false,
    },
    // In a child, where something else may lie there afterwards.
    Case {
        flags: "-DDEFERRED",
        words: "+./one.so ! =./one.so -./one.so +./two.so",
        counts: true,
    },
    Case {
        flags: "-DDEFERRED -DPERSISTENT",
        words: "+./one.so ! -./one.so +./plain.so * =./plain.so",
        counts: false,
    },
];

const INPUTS: [&[u8]; 2] = [b"b", b"c"];

#[test]
fn what_is_unloaded_is_forgotten() {
    let bench = in_process();
    copy_source(&bench, "library.c");
    copy_source(&bench, "loads.c");
    bench
        .program("cc")
        .args(["-O0", "-shared", "-fPIC", "library.c", "-o", "plain.so"])
        .run()
        .assert_code(0);
    let mut failures = Vec::new();
    for compiler in ["clang-14", "clang-22", "gcc"] {
        for line in [
            "-O0 -shared -fPIC library.c -o one.so",
            "-O0 -shared -fPIC -DNAME=work -Dseen=unseen library.c -o two.so",
        ] {
            compile(&bench, compiler, line).unwrap();
        }
        for case in CASES {
            let line = format!("-O0 {} loads.c -o program -ldl", case.flags);
            compile(&bench, compiler, &line).unwrap();
            let behaves = behaves(&bench, case);
            failures.extend(
                behaves
                    .err()
                    .map(|it| format!("{compiler} {}: {it}", case.words)),
            );
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn behaves(bench: &super::Workbench, case: &Case) -> Result<(), String> {
    let mut config = config(bench, "program");
    let words = case.words.split_whitespace();
    config.args.extend(words.map(Into::into));
    let mut server = ForkServer::start(config).map_err(|error| error.to_string())?;
    let mut maps = Vec::new();
    for round in 0..3 {
        for (index, input) in INPUTS.iter().enumerate() {
            let (outcome, counted) = run(&mut server, input)?;
            if !matches!(outcome, Outcome::Exited(0) | Outcome::LoopDone) {
                return Err(format!("{outcome}"));
            }
            if round == 0 {
                maps.push(counted);
            } else if counted != maps[index] {
                return Err(format!("{counted:?}, and before {:?}", maps[index]));
            }
        }
    }
    let differs = maps[0] != maps[1];
    if differs != case.counts && case.counts {
        return Err(format!("two inputs are counted as {maps:?}"));
    }
    Ok(())
}
