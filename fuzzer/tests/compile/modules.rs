//! The runtime and the modules of a program: what it needs of them, and that all of
//! them are counted, however they are linked and whenever they are loaded.

mod addresses;
mod hidden;
mod late;
mod own_names;
mod unloaded;

use std::path::PathBuf;
use std::time::Duration;

use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench};

/// Nothing here takes long; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(20);

/// What a run counted: words of the map that are not zero, with their numbers.
type Counted = Vec<(usize, u64)>;

fn compiler(name: &str) -> Compiler {
    match name.strip_prefix("clang-") {
        Some(version) => Compiler::clang_version(version.parse().expect("a version of clang")),
        None => Compiler::gcc(),
    }
}

/// Puts a source that lies beside this file into the test's folder.
fn copy_source(bench: &Workbench, name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compile/modules/programs");
    let text = std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    bench.write(name, text);
}

/// Runs `tine-cc` with the words of `line`.
fn compile(bench: &Workbench, compiler: &str, line: &str) -> Result<(), String> {
    let compiler = self::compiler(compiler);
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    let done = runner.args(line.split_whitespace()).run();
    let quiet = done.code() == Some(0) && done.stderr.is_empty();
    if quiet { Ok(()) } else { Err(done.to_string()) }
}

fn config(bench: &Workbench, program: &str) -> TargetConfig {
    let mut config = TargetConfig::new(bench.path(program));
    config.timeout = LIMIT;
    config.current_dir = Some(bench.dir());
    config
}

/// Runs the target once.
fn run(server: &mut ForkServer, input: &[u8]) -> Result<(Outcome, Counted), String> {
    let outcome = server.run(input).map_err(|error| error.to_string())?;
    let mut counted = Counted::new();
    let map = server.map();
    map.take_nonzero(|word, counters| counted.push((word, counters)));
    Ok((outcome, counted))
}
