//! `cargo xtask layout`: the crates use each other as [`arrows`] says and no other way, and
//! within a crate no files use each other in a circle but those that [`circles`] lists.
//!
//! | file | what |
//! |---|---|
//! | `arrows` | which crate may use which |
//! | `source` | the modules of a crate, as `syn` reads them |
//! | `tokens` | paths in a stream of tokens |
//! | `graph` | which file uses which, by the paths in them |
//! | `circles` | circles in that graph, and the ones that are meant |

pub mod arrows;
mod circles;
mod graph;
mod source;
mod tokens;

use anyhow::{Result, bail};
use std::{fs, path::Path};

use crate::paths;
use graph::Graph;
use source::Modules;

/// Checks all crates of the workspace.
pub fn run() -> Result<()> {
    let workspace = arrows::Workspace::load()?;
    let mut faults = workspace.faults();
    let mut graph = Graph::default();
    for root in &workspace.roots {
        let modules = Modules::read(root, &|path| fs::read_to_string(paths::root().join(path)))?;
        graph.add(&modules);
    }
    let text = |path: &Path| fs::read_to_string(paths::root().join(path)).unwrap_or_default();
    faults.extend(circles::faults(&graph, &circles::meant()?, &text));
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        count => bail!("the layout has {count} faults"),
    }
}
