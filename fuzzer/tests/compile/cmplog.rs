//! `tine-cc --cmplog`: what programs log of their comparisons, with every compiler and
//! the ways to link that matter.

mod fork_server;
mod log;
mod names;
mod peers;
mod shared_objects;

use std::path::{Path, PathBuf};

use log::{Entry, Log, has_constant};
use serde::Deserialize;
use tine_protocol::layout::cmplog::Layout;
use tine_workbench::{Compiler, Workbench, in_process};

/// The programs and what they log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Programs {
    program: Vec<Program>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Program {
    name: String,
    source: String,
    /// A source that becomes a static library in front of everything that tine adds.
    archive: Option<String>,
    #[serde(default)]
    flags: Vec<String>,
    compilers: Vec<String>,
    /// Entries that have to be there, among others.
    #[serde(default)]
    expect: Vec<String>,
    /// The program whose entries these are.
    same_as: Option<String>,
    /// Routines have a constant as their second operand, and it is seen.
    #[serde(default)]
    constants: bool,
    /// There is no other routine.
    #[serde(default)]
    only_routines_expected: bool,
}

fn programs() -> Vec<Program> {
    let text = std::fs::read_to_string(source("programs.toml")).expect("programs.toml");
    toml::from_str::<Programs>(&text)
        .expect("programs.toml")
        .program
}

/// A file beside this one.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/compile/cmplog")
        .join(name)
}

fn compiler(name: &str) -> Compiler {
    match name.strip_prefix("clang-") {
        Some(version) => Compiler::clang_version(version.parse().expect("a version of clang")),
        None => Compiler::gcc(),
    }
}

/// Runs `tine-cc`, or `tine-c++` for C++, with these arguments.
fn compile<T: AsRef<std::ffi::OsStr>>(
    bench: &Workbench,
    compiler: &Compiler,
    cxx: bool,
    arguments: impl IntoIterator<Item = T>,
) {
    let runner = if cxx {
        bench.tine_cxx()
    } else {
        bench.tine_cc()
    };
    let done = runner
        .env("TINE_CC", &compiler.cc)
        .env("TINE_CXX", &compiler.cxx)
        .args(["--cmplog", "-w"])
        .args(arguments)
        .run();
    assert!(done.code() == Some(0) && done.stderr.is_empty(), "{done}");
}

impl Program {
    fn build(&self, bench: &Workbench, compiler: &Compiler) -> PathBuf {
        let output = bench.path(format!("{}-{}", self.name, compiler.name()));
        let mut words: Vec<PathBuf> = self.flags.iter().map(PathBuf::from).collect();
        words.push(source(&self.source));
        if let Some(archive) = &self.archive {
            let object = bench.path("archived.o");
            compile(
                bench,
                compiler,
                false,
                [Path::new("-c"), &source(archive), Path::new("-o"), &object],
            );
            let library = bench.path("libarchived.a");
            bench
                .program("ar")
                .arg("rcs")
                .arg(&library)
                .arg(object)
                .run()
                .assert_code(0);
            words.push(library);
        }
        words.extend(["-o".into(), output.clone()]);
        compile(bench, compiler, self.source.ends_with(".cc"), words);
        output
    }

    /// What is logged by the program, built by this compiler, into this layout.
    fn check(&self, bench: &Workbench, name: &str, layout: Layout, expect: &[String]) {
        let program = self.build(bench, &compiler(name));
        let log = Log::new(layout);
        log.run(&program);
        let entries = log.entries();
        let shown: Vec<String> = entries.iter().map(Entry::to_string).collect();
        let what = format!("{} by {name}, {layout:?}", self.name);
        for wanted in expect {
            assert!(shown.contains(wanted), "{what}: no {wanted} in {shown:#?}");
        }
        let routines = entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Routine(_)));
        if self.only_routines_expected {
            let others: Vec<_> = routines
                .clone()
                .map(Entry::to_string)
                .filter(|it| !expect.contains(it))
                .collect();
            assert!(others.is_empty(), "{what}: {others:#?}");
        }
        if self.constants && layout == Layout::V1 {
            for routine in routines {
                assert!(has_constant(routine), "{what}: {routine} has no constant");
            }
        }
    }
}

/// Checks the programs that `which` picks, with the compilers that `takes` picks.
fn check(layout: Layout, which: impl Fn(&Program) -> bool, takes: impl Fn(&str) -> bool) {
    let all = programs();
    let mut checked = 0;
    for program in all.iter().filter(|program| which(program)) {
        let expect = match &program.same_as {
            None => &program.expect,
            Some(name) => {
                let other = all.iter().find(|other| other.name == *name);
                &other
                    .unwrap_or_else(|| panic!("there is no program {name}"))
                    .expect
            }
        };
        assert!(!expect.is_empty(), "{} has nothing to expect", program.name);
        for name in program.compilers.iter().filter(|name| takes(name)) {
            let bench = in_process();
            program.check(&bench, name, layout, expect);
            checked += 1;
        }
    }
    assert!(checked > 0, "no program was picked");
}

fn any_compiler(_: &str) -> bool {
    true
}

#[test]
fn operands_and_routines_are_logged_as_each_compiler_gives_them() {
    let is_plain = |it: &Program| it.same_as.is_none() && it.flags.is_empty();
    check(Layout::V1, is_plain, any_compiler);
}

#[test]
fn strings_of_cxx_are_logged() {
    check(Layout::V1, |it| it.source.ends_with(".cc"), any_compiler);
}

#[test]
fn hooks_hold_however_a_program_is_linked() {
    let is_linked = |it: &Program| it.same_as.is_some() && it.source.ends_with(".c");
    check(Layout::V1, is_linked, any_compiler);
}

#[test]
fn the_older_layout_is_written_where_the_segment_has_its_size() {
    let names = ["operands", "routines", "wrong"];
    check(
        Layout::Options,
        |it| names.contains(&it.name.as_str()),
        |compiler| compiler == "clang-22",
    );
}
