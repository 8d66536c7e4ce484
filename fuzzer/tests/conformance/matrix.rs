//! All cells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::cell::{self, Cell};
use tine_workbench::{Compiler, Workbench, peers, targets_folder};

/// Who drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Controller {
    #[serde(rename = "tine")]
    Tine,
    #[serde(rename = "AFL++ 4.04c")]
    Afl404,
    #[serde(rename = "AFL++ 4.40c")]
    Afl440,
    #[serde(rename = "AFL++ unstable")]
    AflUnstable,
    #[serde(rename = "LibAFL 0.16.1")]
    LibAfl,
}

/// Who made the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Maker {
    #[serde(rename = "tine-cc, clang")]
    TineClang,
    #[serde(rename = "tine-cc, gcc")]
    TineGcc,
    #[serde(rename = "AFL++ 4.04c")]
    Afl404,
    #[serde(rename = "AFL++ 4.40c")]
    Afl440,
    #[serde(rename = "AFL++ unstable")]
    AflUnstable,
}

/// How the target takes its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Fork,
    Deferred,
    Persistent,
    #[serde(rename = "shared memory")]
    Shm,
}

const CONTROLLERS: [Controller; 4] = [
    Controller::Tine,
    Controller::Afl404,
    Controller::Afl440,
    Controller::LibAfl,
];
const MAKERS: [Maker; 4] = [
    Maker::TineClang,
    Maker::TineGcc,
    Maker::Afl404,
    Maker::Afl440,
];
pub const MODES: [Mode; 4] = [Mode::Fork, Mode::Deferred, Mode::Persistent, Mode::Shm];

impl Maker {
    fn compiler(self) -> Compiler {
        match self {
            Self::TineClang => Compiler::clang(),
            Self::TineGcc => Compiler::gcc(),
            Self::Afl404 => Compiler::aflplusplus(),
            Self::Afl440 => Compiler::aflplusplus_440(),
            Self::AflUnstable => Compiler::aflplusplus_unstable(),
        }
    }
}

impl Mode {
    /// The macro that selects it in mode.c.
    fn define(self) -> &'static str {
        match self {
            Self::Fork => "-DFORK",
            Self::Deferred => "-DDEFERRED",
            Self::Persistent => "-DPERSISTENT",
            Self::Shm => "-DSHM",
        }
    }
}

/// targets/conformance/expected.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    impossible: Vec<Impossible>,
}

/// Cells that can't work.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Impossible {
    controller: Controller,
    maker: Maker,
    /// How the controller says it.
    message: String,
    /// Why.
    reason: String,
}

/// What `cargo xtask docs` reads.
#[derive(Serialize)]
struct Line {
    controller: Controller,
    maker: Maker,
    mode: Mode,
    /// Why it can't work; `null` if it works.
    impossible: Option<String>,
}

#[test]
fn every_cell_of_the_matrix_is_as_the_data_says() {
    let expected = expected();
    let bench = Workbench::new();
    let pairs = pairs();
    let makers: BTreeSet<Maker> = pairs.iter().map(|(_, maker)| *maker).collect();
    let targets = build_all(&bench, &makers);
    let mut cells: Vec<Cell> = Vec::new();
    for (controller, maker) in pairs {
        cells.extend(MODES.map(|mode| Cell {
            controller,
            maker,
            mode,
            program: targets[&(maker, mode)].clone(),
        }));
    }
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    let results = in_parallel(&cells, |cell| check(cell, &expected));
    for (cell, result) in cells.iter().zip(results) {
        let impossible = result.unwrap_or_else(|error| {
            wrong.push(format!("{}: {error}", cell.name()));
            None
        });
        lines.push(Line {
            controller: cell.controller,
            maker: cell.maker,
            mode: cell.mode,
            impossible,
        });
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cells are wrong:\n{}",
        wrong.len(),
        cells.len(),
        wrong.join("\n")
    );
    let name = match peers::is_for_unstable() {
        true => "conformance-unstable.json",
        false => "conformance.json",
    };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(name);
    let text = serde_json::to_string_pretty(&lines).expect("plain data");
    std::fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// Who drives whom: everybody everybody, or, in a run for the newest AFL++, it everybody
/// and everybody it.
fn pairs() -> Vec<(Controller, Maker)> {
    if peers::is_for_unstable() {
        let driven = CONTROLLERS.map(|controller| (controller, Maker::AflUnstable));
        let drives = MAKERS.map(|maker| (Controller::AflUnstable, maker));
        let itself = (Controller::AflUnstable, Maker::AflUnstable);
        return [&driven[..], &drives, &[itself]].concat();
    }
    CONTROLLERS
        .iter()
        .flat_map(|controller| MAKERS.map(|maker| (*controller, maker)))
        .collect()
}

/// Runs a cell. Returns why it can't work, if the data says so and it fails as said.
fn check(cell: &Cell, expected: &Expected) -> Result<Option<String>, String> {
    let impossible = expected
        .impossible
        .iter()
        .find(|it| it.controller == cell.controller && it.maker == cell.maker);
    match (cell::check(cell), impossible) {
        (result, None) => result.map(|()| None),
        (Ok(()), Some(_)) => Err("it works, though the data says that it can't".into()),
        (Err(error), Some(impossible)) if error.contains(&impossible.message) => {
            Ok(Some(impossible.reason.clone()))
        }
        (Err(error), Some(impossible)) => Err(format!(
            "it fails, but not with {:?}: {error}",
            impossible.message
        )),
    }
}

fn expected() -> Expected {
    let path = targets_folder().join("conformance/expected.toml");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Builds mode.c by each compiler in every mode.
fn build_all(bench: &Workbench, makers: &BTreeSet<Maker>) -> BTreeMap<(Maker, Mode), PathBuf> {
    let pairs: Vec<(Maker, Mode)> = makers
        .iter()
        .flat_map(|maker| MODES.map(|mode| (*maker, mode)))
        .collect();
    let programs = in_parallel(&pairs, |(maker, mode)| build(bench, "mode", *maker, *mode));
    pairs.into_iter().zip(programs).collect()
}

/// Builds a source of targets/conformance.
pub fn build(bench: &Workbench, source: &str, maker: Maker, mode: Mode) -> PathBuf {
    let compiler = maker.compiler();
    let program = bench.path(format!("{source}-{maker:?}-{mode:?}"));
    let wrapper = if compiler.by_tine {
        bench.tine_cc()
    } else {
        bench.program(&compiler.cc).env("AFL_QUIET", "1")
    };
    wrapper
        .env("TINE_CC", &compiler.cc)
        .args(["-O1", "-g", mode.define(), "-o"])
        .arg(&program)
        .arg(targets_folder().join(format!("conformance/{source}.c")))
        .run()
        .assert_code(0);
    program
}

/// Does `work` for each item, a few at a time: most of it is waiting.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const WORKERS: usize = 4;
    let queue = Mutex::new(items.iter().enumerate());
    let next = || queue.lock().expect("no worker panicked").next();
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            while let Some((number, item)) = next() {
                done.push((number, work(item)));
            }
            done
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|it| it.join().expect("a worker"))
            .collect()
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
