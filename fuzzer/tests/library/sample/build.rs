//! Builds the C parser for `tests/parser.rs`.

use std::{env, path::PathBuf};

fn main() -> Result<(), tine::Error> {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
    let parser = tine::compile("c/harness.c")
        .source("c/settings.c")
        .sanitizer(tine::Sanitizer::Address)
        .output(out.join("parser"))?;
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rustc-env=PARSER={}", parser.display());
    Ok(())
}
