//! Circles in the graph of files, and the ones that are meant.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::graph::Graph;

/// Where the ones that are meant are listed.
const LIST: &str = "xtask/src/layout/circles.toml";

/// How the comment about a circle begins.
const COMMENT: &str = "Circle:";

/// The circles that may be there.
#[derive(Debug, Default, Deserialize)]
pub struct Meant {
    /// Those that stay, with their reasons.
    #[serde(default)]
    circle: Vec<Circle>,
    /// Those that are to go.
    #[serde(default)]
    known: Vec<Known>,
}

#[derive(Debug, Deserialize)]
struct Circle {
    files: BTreeSet<PathBuf>,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Known {
    files: BTreeSet<PathBuf>,
}

/// Reads the list.
pub fn meant() -> Result<Meant> {
    toml::from_str(include_str!("circles.toml")).with_context(|| format!("cannot read {LIST}"))
}

/// What is wrong, a sentence each. `text` reads a file.
pub fn faults(graph: &Graph, meant: &Meant, text: &dyn Fn(&Path) -> String) -> Vec<String> {
    let circles = circles(graph);
    let mut faults = Vec::new();
    for circle in &circles {
        let is_known = meant.known.iter().any(|it| circle.is_subset(&it.files));
        let is_meant = meant.circle.iter().any(|it| &it.files == circle);
        if !is_known && !is_meant {
            faults.push(shown(graph, circle));
        }
    }
    for Circle { files, reason } in &meant.circle {
        let names = names(files);
        if !circles.contains(files) {
            faults.push(format!(
                "{names}: no circle any more; take it out of {LIST}"
            ));
        } else if reason.trim().is_empty() {
            faults.push(format!("{names}: no reason in {LIST}"));
        } else if !files.iter().any(|file| has_comment(&text(file))) {
            faults.push(format!(
                "{names}: none has a comment that begins with \"{COMMENT}\" and says why"
            ));
        }
    }
    for Known { files } in &meant.known {
        if !circles.iter().any(|circle| circle.is_subset(files)) {
            let names = names(files);
            faults.push(format!(
                "{names}: no circle any more; take it out of {LIST}"
            ));
        }
    }
    faults
}

fn has_comment(text: &str) -> bool {
    text.lines().any(|line| {
        let comment = line.trim_start().strip_prefix("//");
        comment.is_some_and(|it| it.trim_start_matches(['/', '!', ' ']).starts_with(COMMENT))
    })
}

fn names(files: &BTreeSet<PathBuf>) -> String {
    let names: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
    names.join(", ")
}

/// A circle with the paths that close it.
fn shown(graph: &Graph, circle: &BTreeSet<PathBuf>) -> String {
    let mut text = format!(
        "{} files use each other in a circle (cut it, or argue for it in {LIST}):",
        circle.len()
    );
    for file in circle {
        for (other, names) in graph.uses(file).filter(|(it, _)| circle.contains(*it)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            text += &format!(
                "\n    {} -> {}: {}",
                file.display(),
                other.display(),
                names.join(", ")
            );
        }
    }
    text
}

/// All sets of files that reach each other (Tarjan's algorithm).
fn circles(graph: &Graph) -> Vec<BTreeSet<PathBuf>> {
    let mut walk = Walk {
        graph,
        numbers: BTreeMap::new(),
        lowest: BTreeMap::new(),
        path: Vec::new(),
        circles: Vec::new(),
    };
    for file in graph.files() {
        if !walk.numbers.contains_key(file) {
            walk.visit(file);
        }
    }
    walk.circles
}

struct Walk<'a> {
    graph: &'a Graph,
    /// In the order of the visits.
    numbers: BTreeMap<&'a Path, usize>,
    /// The lowest number on the path that can be reached.
    lowest: BTreeMap<&'a Path, usize>,
    path: Vec<&'a Path>,
    circles: Vec<BTreeSet<PathBuf>>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, file: &'a Path) {
        let number = self.numbers.len();
        self.numbers.insert(file, number);
        self.lowest.insert(file, number);
        self.path.push(file);
        for (other, _) in self.graph.uses(file) {
            let reached = if !self.numbers.contains_key(other) {
                self.visit(other);
                self.lowest[other]
            } else if self.path.contains(&other) {
                self.numbers[other]
            } else {
                continue;
            };
            let lowest = self.lowest[file].min(reached);
            self.lowest.insert(file, lowest);
        }
        if self.lowest[file] == number {
            let start = self.path.iter().position(|it| *it == file).unwrap_or(0);
            let circle: BTreeSet<PathBuf> = self.path.drain(start..).map(PathBuf::from).collect();
            if circle.len() > 1 {
                self.circles.push(circle);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Circle, Known, Meant, circles, faults};
    use crate::layout::graph::tests::graph;
    use std::{collections::BTreeSet, path::PathBuf};

    const KNOT: &[(&str, &str)] = &[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use crate::c::C; pub struct B(C);"),
        ("c.rs", "pub struct C(Box<super::a::A>); use super::d::D;"),
        ("d.rs", "pub struct D;"),
    ];

    fn files(names: &[&str]) -> BTreeSet<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn the_files_of_a_circle_are_found_and_no_others() {
        assert_eq!(circles(&graph(KNOT)), [files(&["a.rs", "b.rs", "c.rs"])]);
        let mut straight = KNOT.to_vec();
        straight[3].1 = "use super::d::D; pub struct C(D);";
        assert_eq!(circles(&graph(&straight)), []);
    }

    #[test]
    fn a_circle_needs_its_place_in_the_list_a_reason_and_a_comment() {
        let graph = graph(KNOT);
        let with = |meant: &Meant, comment: &str| {
            faults(&graph, meant, &|_| comment.to_owned()).join("\n")
        };
        let of = |names: &[&str], reason: &str| Meant {
            circle: vec![Circle {
                files: files(names),
                reason: reason.into(),
            }],
            known: Vec::new(),
        };
        let all = ["a.rs", "b.rs", "c.rs"];
        let said = "/// Circle: because.";
        assert!(with(&Meant::default(), said).contains("a.rs -> b.rs: crate::b::B"));
        assert_eq!(with(&of(&all, "because"), said), "");
        assert!(with(&of(&all, "because"), "// Something.").contains("none has a comment"));
        assert!(with(&of(&all, " "), said).contains("no reason"));
        let other = with(&of(&["a.rs", "b.rs"], "because"), said);
        assert!(other.contains("3 files") && other.contains("no circle any more"));
    }

    #[test]
    fn a_known_circle_may_shrink_and_goes_from_the_list_at_last() {
        let known = |names: &[&str]| Meant {
            circle: Vec::new(),
            known: vec![Known {
                files: files(names),
            }],
        };
        let text = |_: &std::path::Path| String::new();
        let all = ["a.rs", "b.rs", "c.rs", "d.rs"];
        assert_eq!(faults(&graph(KNOT), &known(&all), &text), [""; 0]);
        let smaller = faults(&graph(KNOT), &known(&all[1..]), &text);
        assert_eq!(smaller.len(), 2);
    }
}
