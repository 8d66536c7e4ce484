//! Every sample target does what `targets/expected.toml` says: by hand, straight
//! on the controller, under `tine showmap` and under `tine fuzz`, built by clang
//! and by gcc.
//!
//! Each test goes through all targets and lists everything that is wrong at once.

mod aflplusplus;
mod by_hand;
mod controller;
mod fuzz;
mod showmap;

use std::collections::BTreeSet;
use std::fs;

use tine_workbench::{Built, Compiler, Workbench, expected};

#[test]
fn by_hand_clang() {
    each_target(&Workbench::new(), &Compiler::clang(), by_hand::check);
}

#[test]
fn by_hand_gcc() {
    each_target(&Workbench::new(), &Compiler::gcc(), by_hand::check);
}

#[test]
fn controller_clang() {
    each_target(
        &tine_workbench::in_process(),
        &Compiler::clang(),
        controller::check,
    );
}

#[test]
fn controller_gcc() {
    each_target(
        &tine_workbench::in_process(),
        &Compiler::gcc(),
        controller::check,
    );
}

#[test]
fn showmap_clang() {
    each_target(&Workbench::new(), &Compiler::clang(), showmap::check);
}

#[test]
fn showmap_gcc() {
    each_target(&Workbench::new(), &Compiler::gcc(), showmap::check);
}

#[test]
fn fuzz_clang() {
    each_target(&Workbench::new(), &Compiler::clang(), fuzz::check);
}

#[test]
fn fuzz_gcc() {
    each_target(&Workbench::new(), &Compiler::gcc(), fuzz::check);
}

#[test]
fn built_by_aflplusplus_on_our_controller() {
    each_target(
        &tine_workbench::in_process(),
        &Compiler::aflplusplus(),
        controller::check,
    );
}

#[test]
fn built_by_tine_under_afl_showmap() {
    each_target(&Workbench::new(), &Compiler::clang(), aflplusplus::check);
}

/// A source file that no target is built from, or a table that says something
/// else than the data, misleads a reader.
#[test]
fn data_sources_and_readme_agree() {
    let mut wrong = Vec::new();
    let folder = tine_workbench::targets_folder();
    let readme = fs::read_to_string(folder.join("README.md")).expect("targets/README.md");
    let mut used = BTreeSet::new();
    for target in expected() {
        used.extend(target.sources.iter().cloned());
        used.extend(
            target
                .libraries
                .iter()
                .flat_map(|library| library.sources.clone()),
        );
        let row = format!(
            "| [{}]({}) | {} |",
            target.name, target.sources[0], target.behaviour
        );
        if !readme.lines().any(|line| line == row) {
            wrong.push(format!("targets/README.md lacks the row: {row}"));
        }
    }
    let rows = readme
        .lines()
        .filter(|line| line.starts_with("| ["))
        .count();
    if rows != expected().len() {
        wrong.push(format!(
            "targets/README.md has {rows} rows for {} targets",
            expected().len()
        ));
    }
    for entry in fs::read_dir(&folder)
        .expect("the targets' folder")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_source = name.ends_with(".c") || name.ends_with(".cc");
        if is_source && !used.contains(&name) {
            wrong.push(format!("targets/{name} is not in expected.toml"));
        }
        let begins_with_comment =
            || fs::read_to_string(entry.path()).is_ok_and(|text| text.starts_with("/*"));
        if is_source && !begins_with_comment() {
            wrong.push(format!("targets/{name} does not begin with a comment"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Builds each target that `compiler` can build and checks it; fails with all
/// that was wrong.
fn each_target(
    bench: &Workbench,
    compiler: &Compiler,
    check: impl Fn(&Workbench, &Built) -> Vec<String>,
) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for data in expected().iter().filter(|data| data.is_for(compiler)) {
        match bench.try_target(&data.name, compiler) {
            Err(error) => wrong.push(format!("{}: does not build: {error}", data.name)),
            Ok(built) => wrong.extend(
                check(bench, &built)
                    .into_iter()
                    .map(|what| format!("{}: {what}", data.name)),
            ),
        }
        count += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} things are wrong in {count} targets built by {}:\n{}",
        wrong.len(),
        compiler.name(),
        wrong.join("\n")
    );
}
