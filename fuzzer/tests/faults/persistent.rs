//! The persistent loop: which thread or process runs it, what keeps a child from
//! stopping, and the first pass of a fresh child.

mod first_pass;
mod stops;

use std::time::Duration;

use tine_controller::{ForkServer, TargetConfig};
use tine_workbench::{Compiler, Workbench};

/// Longer than any run takes that comes to its end.
const ENOUGH: Duration = Duration::from_secs(20);

fn compilers() -> [Compiler; 2] {
    [Compiler::clang(), Compiler::gcc()]
}

/// Compiles `source` and returns how to run it.
fn target(bench: &Workbench, compiler: &Compiler, source: &str, flags: &[&str]) -> TargetConfig {
    bench.write("target.c", source);
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    let runner = runner.args(["target.c", "-o", "target"]).args(flags);
    runner.run().assert_code(0);
    let mut config = TargetConfig::new(bench.path("target"));
    config.timeout = ENOUGH;
    config.current_dir = Some(bench.dir());
    config.env.push(bench.marker_variable());
    config
}

/// What the last run covered: each counter that is not zero, with its number.
fn taken(server: &ForkServer) -> Vec<(usize, u8)> {
    let mut counters = Vec::new();
    server.map().take_nonzero(|index, word| {
        let bytes = word.to_ne_bytes().into_iter().enumerate();
        counters.extend(
            bytes
                .filter(|(_, count)| *count != 0)
                .map(|(at, count)| (8 * index + at, count)),
        );
    });
    counters
}
