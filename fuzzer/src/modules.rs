//! What is said of modules that the target loaded after its fork server started.

use crate::report::counted;
use tine_controller::{Counted, ForkServer, LateModule};

/// Names that a sentence has room for.
const MOST_NAMES: usize = 3;

/// Where a map larger than needed ends, in bytes.
const STEP: usize = 1 << 20;

/// Bytes that a map of gcc's hashes takes, and that any other module's counters are
/// rounded up to.
const HASHES: usize = 65_536;
const PAGE: usize = 4096;

/// Sentences about modules that are not counted, or not each edge by itself. None if all
/// is well.
pub fn sentences(server: &ForkServer) -> Vec<String> {
    let (modules, unnamed) = server.late_modules();
    let remedy = format!(
        "AFL_MAP_SIZE={} makes room for it",
        needed(server, &modules)
    );
    let mut sentences = Vec::new();
    for (counted, consequence) in [
        (
            Counted::No,
            "not counted, because there is no room in the map",
        ),
        (
            Counted::Shared,
            "counted, but share their places in the map with others, because there is not enough room",
        ),
    ] {
        let concerned: Vec<_> = modules.iter().filter(|it| it.counted == counted).collect();
        if let Some(names) = names(&concerned) {
            sentences.push(format!(
                "edges of {names}, loaded after the fork server started, are {consequence}: {remedy}"
            ));
        }
    }
    if unnamed > 0 {
        sentences.push(format!(
            "the target loads more libraries after its fork server started than can be told apart: {} share their places in the map with others. Load them before main, or before __AFL_INIT()",
            counted(unnamed as u64, "load")
        ));
    }
    sentences
}

/// The modules that are counted, each edge by itself, in a few words.
pub fn counted_alone(server: &ForkServer) -> Option<String> {
    let (modules, _) = server.late_modules();
    let alone = modules.iter().filter(|it| it.counted == Counted::Alone);
    names(&alone.collect::<Vec<_>>())
}

fn names(modules: &[&LateModule]) -> Option<String> {
    let (shown, rest) = modules.split_at(modules.len().min(MOST_NAMES));
    let mut text = shown
        .iter()
        .map(|module| match module.counters {
            0 => module.name.clone(),
            edges => format!("{} ({})", module.name, counted(edges as u64, "edge")),
        })
        .collect::<Vec<_>>()
        .join(", ");
    if !rest.is_empty() {
        text.push_str(&format!(" and {} more", rest.len()));
    }
    (!shown.is_empty()).then_some(text)
}

/// A size of the map with room for all modules that are known.
fn needed(server: &ForkServer, modules: &[LateModule]) -> usize {
    let info = server.info();
    let late = modules.iter().map(|module| match module.counters {
        0 => HASHES,
        edges => edges.next_multiple_of(PAGE),
    });
    (info.map_size - info.room + PAGE + late.sum::<usize>()).next_multiple_of(STEP)
}
