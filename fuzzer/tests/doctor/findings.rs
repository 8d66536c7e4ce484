//! What `tine doctor` finds: one situation after the other, as people report them.

mod situations;

use std::collections::HashSet;

use serde_json::Value;
use situations::{FILE, HANDSHAKE, LIMIT, RUN, SITUATIONS, START, Situation};
use tine_workbench::{Compiler, Finished, Workbench};

/// Makes a situation and asks the doctor, for JSON.
fn examine(bench: &Workbench, situation: &Situation) -> Finished {
    for (name, content) in situation.files {
        bench.write(name, content);
    }
    for line in situation.build {
        let mut words = line.split_whitespace();
        let program = words.next().expect("a program");
        let clang = Compiler::clang();
        let runner = match program {
            "tine-cc" => bench.tine_cc().env("TINE_CC", &clang.cc),
            "clang" => bench.program(clang.cc),
            other => bench.program(other),
        };
        runner.args(words).run().assert_code(0);
    }
    let mut runner = bench.tine().args(["doctor", "--json"]);
    for (name, value) in situation.variables {
        runner = runner.env(name, value);
    }
    runner.args(situation.line.split_whitespace()).run()
}

fn findings(done: &Finished) -> Vec<Value> {
    let report: Value = serde_json::from_slice(&done.stdout)
        .unwrap_or_else(|error| panic!("no JSON: {error}\n{done}"));
    assert_eq!(report["version"], 1, "{done}");
    report["findings"].as_array().expect("findings").clone()
}

/// What a finding says, in one line.
fn text(finding: &Value) -> String {
    ["what", "why", "remedy"]
        .iter()
        .filter_map(|field| finding[field].as_str())
        .collect::<Vec<_>>()
        .join(". ")
}

fn check(group: &[Situation]) {
    let mut failures = Vec::new();
    for situation in group {
        let bench = Workbench::new();
        let done = examine(&bench, situation);
        let findings = findings(&done);
        let is_there = findings.iter().any(|finding| {
            finding["id"] == situation.id
                && finding["level"] == situation.level
                && text(finding).contains(situation.text)
        });
        let of_target = |finding: &&Value| {
            let id = finding["id"].as_str().unwrap_or_default();
            id.starts_with("target.")
        };
        let fails = findings
            .iter()
            .filter(of_target)
            .any(|finding| finding["level"] == "fails");
        // What fails has to be what was meant to; the machine is as it is.
        let is_right = is_there && fails == (situation.level == "fails");
        if !is_right {
            let said: Vec<_> = findings
                .iter()
                .filter(of_target)
                .map(Value::to_string)
                .collect();
            failures.push(format!(
                "{}: no {} {} with {:?}\n  {}\n{}",
                situation.name,
                situation.level,
                situation.id,
                situation.text,
                said.join("\n  "),
                done.stderr()
            ));
        }
        if fails {
            done.assert_code(1);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_the_file_tells() {
    check(FILE);
}

#[test]
fn what_happens_before_the_fork_server_starts() {
    check(START);
}

#[test]
fn what_the_handshake_tells() {
    check(HANDSHAKE);
}

#[test]
fn what_runs_tell() {
    check(RUN);
}

#[test]
fn what_limits_and_variables_do() {
    check(LIMIT);
}

/// Compiled by tine-cc and linked by another with the runtime's archive: its counters
/// share pages with other data.
#[test]
fn a_program_that_another_linker_line_made_is_named() {
    let bench = Workbench::new();
    let clang = Compiler::clang();
    bench.write("prog.c", "int main(void) { return 0; }\n");
    let compile = bench.tine_cc().env("TINE_CC", &clang.cc);
    compile
        .args(["-c", "prog.c", "-o", "prog.o"])
        .run()
        .assert_code(0);
    let runtime = bench.tine_cc().args(["--tine-print", "runtime"]).run();
    runtime.assert_code(0);
    let link = bench
        .program(&clang.cc)
        .args(["-o", "prog", "prog.o", "-Wl,--whole-archive"]);
    let link = link
        .arg(runtime.stdout().trim())
        .arg("-Wl,--no-whole-archive");
    link.run().assert_code(0);
    let done = bench
        .tine()
        .args(["doctor", "--json", "--", "./prog"])
        .run();
    let findings = findings(&done);
    let last = findings.last().expect("findings");
    assert_eq!(
        (&last["id"], &last["level"]),
        (&"target.handshake".into(), &"fails".into())
    );
    assert!(text(last).contains("not linked, by tine-cc"), "{done}");
}

/// The table that the page is made of has every id; each that is about a target
/// has a situation that makes it.
#[test]
fn every_finding_about_a_target_has_a_situation() {
    let bench = Workbench::new();
    let done = bench.tine().args(["doctor", "--list"]).run();
    done.assert_code(0);
    let made: HashSet<_> = SITUATIONS
        .iter()
        .copied()
        .flatten()
        .map(|it| it.id)
        .collect();
    let table = done.stdout();
    let ids = table.split('`').filter(|word| word.starts_with("target."));
    let missing: Vec<_> = ids.filter(|id| !made.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn text_is_plain_and_narrow_where_it_goes_to_a_file() {
    let bench = Workbench::new();
    let target = bench.target("demo", &Compiler::clang());
    let done = bench
        .tine()
        .arg("doctor")
        .arg("--")
        .arg(target.program())
        .run();
    let text = done.stdout();
    assert!(!text.contains('\u{1b}'), "{done}");
    let wide = text
        .lines()
        .filter(|line| line.starts_with(' ') && !line.contains('/') && !line.contains('>'))
        .find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{done}");
    assert!(
        text.contains("  ok      fork server       answers after"),
        "{done}"
    );
    assert!(
        text.contains("tine can fuzz this target") || text.contains("will fail"),
        "{done}"
    );
}

#[test]
fn text_has_colours_only_where_they_are_wanted() {
    let bench = Workbench::new();
    let coloured = bench.tine().arg("doctor").env("CLICOLOR_FORCE", "1").run();
    assert!(coloured.stdout().contains("\u{1b}[32mok"), "{coloured}");
    let done = bench
        .tine()
        .arg("doctor")
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .run();
    // NO_COLOR is the user's word, CLICOLOR_FORCE a tool's.
    assert!(!done.stdout().contains('\u{1b}'), "{done}");
}

#[test]
fn an_input_that_is_not_there_is_an_error_in_a_sentence() {
    let bench = Workbench::new();
    let target = bench.target("demo", &Compiler::clang());
    let done = bench
        .tine()
        .args(["doctor", "-i", "missing", "--"])
        .arg(target.program())
        .run();
    done.assert_code(1)
        .assert_stderr("tine: cannot read missing: No such file");
}
