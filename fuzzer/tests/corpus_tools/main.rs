//! `tine cmin` and `tine tmin`.

#[path = "../support/mod.rs"]
mod support;

mod cmin;
mod tmin;

use std::{
    fs,
    path::{Path, PathBuf},
};
use support::Workbench;

fn compile(bench: &Workbench, name: &str, source: &str, flags: &[&str]) -> PathBuf {
    let file = bench.write(format!("{name}.c"), source);
    let program = bench.path(name);
    let cc = bench.tine_cc().args(["-O1", "-g"]).args(flags).arg("-o");
    cc.arg(&program).arg(file).run().assert_code(0);
    program
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
