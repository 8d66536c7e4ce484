//! The library, used as a stranger would: right, wrong, by many threads at once.

mod campaigns;
mod leaves_nothing;
mod mistakes;
mod page;
mod parallel;
mod runs;
mod sample;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// A folder for what is compiled here, which Cargo keeps between runs.
fn built(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("library")
        .join(name)
}

/// A source among the sample targets.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../targets")
        .join(name)
}

/// Compiles a sample target, once a name and process.
fn sample(name: &'static str) -> PathBuf {
    static BUILT: OnceLock<std::sync::Mutex<std::collections::HashSet<&'static str>>> =
        OnceLock::new();
    let mut built_names = BUILT
        .get_or_init(Default::default)
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let program = built(name.split('.').next().unwrap());
    if built_names.insert(name) {
        tine::compile(source(name)).output(&program).unwrap();
    }
    program
}
