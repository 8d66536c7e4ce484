//! Which file uses which: paths are followed to the file that defines what they name,
//! whoever re-exports it. To re-export is not to use.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::source::{Module, Modules};

/// Files that use others, each with the names that say so.
#[derive(Debug, Default)]
pub struct Graph {
    edges: BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>,
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// To a module.
    Module(usize),
    /// To something that this module defines.
    Item(usize),
    /// To another crate.
    Outside,
}

/// Imports of imports that are followed: more are a circle of re-exports.
const DEEPEST: usize = 16;

impl Graph {
    /// Adds the files of a crate.
    pub fn add(&mut self, modules: &Modules) {
        for (index, module) in modules.0.iter().enumerate() {
            for (name, import) in &module.imports {
                if import.is_public && !module.found.names.contains(name) {
                    continue;
                }
                if let Some(Place::Item(other)) = modules.follow(index, &import.path, DEEPEST) {
                    self.edge(module, &modules.0[other], &import.path);
                }
            }
            for path in &module.found.paths {
                if let Some(Place::Item(other)) = modules.follow(index, path, DEEPEST) {
                    self.edge(module, &modules.0[other], path);
                }
            }
        }
    }

    fn edge(&mut self, from: &Module, to: &Module, path: &[String]) {
        if from.file != to.file {
            let edges = self.edges.entry(from.file.clone()).or_default();
            let names = edges.entry(to.file.clone()).or_default();
            names.insert(path.join("::"));
        }
    }

    /// The files that `file` uses.
    pub fn uses(&self, file: &Path) -> impl Iterator<Item = (&Path, &BTreeSet<String>)> {
        let edges = self.edges.get(file).into_iter().flatten();
        edges.map(|(path, names)| (path.as_path(), names))
    }

    /// The files that use others.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.edges.keys().map(PathBuf::as_path)
    }
}

impl Modules {
    /// Follows a path that stands in the module `from`.
    fn follow(&self, from: usize, path: &[String], depth: usize) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let mut place = self.first(from, first, depth)?;
        for name in rest {
            let Place::Module(module) = place else {
                return Some(place);
            };
            place = match name.as_str() {
                "super" => Place::Module(self.0[module].parent?),
                "self" => place,
                // What cannot be found there is made by a macro there.
                name => self
                    .lookup(module, name, depth)
                    .unwrap_or(Place::Item(module)),
            };
        }
        Some(place)
    }

    fn first(&self, from: usize, name: &str, depth: usize) -> Option<Place> {
        match name {
            "crate" => Some(Place::Module(0)),
            "self" => Some(Place::Module(from)),
            "super" => self.0[from].parent.map(Place::Module),
            name => self.lookup(from, name, depth),
        }
    }

    /// Looks for a name in a module.
    fn lookup(&self, module: usize, name: &str, depth: usize) -> Option<Place> {
        let Module {
            children,
            items,
            imports,
            globs,
            ..
        } = &self.0[module];
        if let Some(child) = children.get(name) {
            return Some(Place::Module(*child));
        }
        if items.contains(name) {
            return Some(Place::Item(module));
        }
        let depth = depth.checked_sub(1)?;
        if let Some(import) = imports.get(name) {
            // `use serde::Serialize` in a module that has no `serde`.
            if import.path.first().map(String::as_str) == Some(name) {
                return Some(Place::Outside);
            }
            let place = self.follow(module, &import.path, depth);
            return place.or(Some(Place::Outside));
        }
        globs
            .iter()
            .find_map(|glob| match self.follow(module, glob, depth)? {
                Place::Module(other) => self.lookup(other, name, depth),
                Place::Item(_) | Place::Outside => None,
            })
    }
}

#[cfg(test)]
pub mod tests {
    use super::Graph;
    use crate::layout::source::Modules;
    use std::{collections::BTreeMap, io, path::Path};

    /// The edges of a made-up crate, `from -> to` each.
    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let graph = graph(files);
        let mut edges = Vec::new();
        for file in graph.files() {
            for (to, _) in graph.uses(file) {
                edges.push(format!("{} -> {}", file.display(), to.display()));
            }
        }
        edges
    }

    /// The graph of a made-up crate.
    pub fn graph(files: &[(&str, &str)]) -> Graph {
        let files: BTreeMap<&Path, &str> = files
            .iter()
            .map(|(path, text)| (Path::new(*path), *text))
            .collect();
        let read = |path: &Path| match files.get(path) {
            Some(text) => Ok((*text).to_owned()),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let modules = Modules::read(Path::new("lib.rs"), &read).unwrap();
        let mut graph = Graph::default();
        graph.add(&modules);
        graph
    }

    #[test]
    fn a_path_leads_to_the_file_that_defines() {
        assert_eq!(
            edges(&[
                ("lib.rs", "mod a; mod b; mod user;"),
                ("a.rs", "pub use crate::b::B; mod c; pub use c::C;"),
                ("a/c.rs", "pub struct C;"),
                ("b/mod.rs", "pub struct B; pub fn f() {}"),
                (
                    "user.rs",
                    "use crate::{a::{self, B}, b}; fn f(_: B, _: a::C) { b::f() }"
                ),
            ]),
            ["user.rs -> a/c.rs", "user.rs -> b/mod.rs"]
        );
    }

    #[test]
    fn to_re_export_is_not_to_use() {
        let child = ("a.rs", "use super::R; pub struct A(R);");
        let parent = |text| edges(&[("lib.rs", text), child]);
        assert_eq!(
            parent("mod a; pub use a::A; pub struct R;"),
            ["a.rs -> lib.rs"]
        );
        assert_eq!(
            parent("mod a; pub use a::A; pub struct R; fn f(_: A) {}"),
            ["a.rs -> lib.rs", "lib.rs -> a.rs"]
        );
    }

    #[test]
    fn tests_do_not_count() {
        assert_eq!(
            edges(&[
                (
                    "lib.rs",
                    "mod a; pub struct R; struct S; \
                     impl S { #[cfg(test)] fn s() { a::f() } } \
                     #[cfg(test)] mod tests { use super::a::f; }"
                ),
                ("a.rs", "use super::R; pub fn f(_: R) {}"),
            ]),
            ["a.rs -> lib.rs"]
        );
    }

    #[test]
    fn other_crates_do_not_count() {
        assert_eq!(
            edges(&[
                ("lib.rs", "mod a; mod b; mod fmt; fn f() { ::fmt::g() }"),
                (
                    "a.rs",
                    "use std::fmt::{self, Debug}; use crate::b::other; \
                     fn f(_: fmt::Result) { other::g() }"
                ),
                ("b.rs", "pub use another_crate as other;"),
                ("fmt.rs", "pub fn g() {}"),
            ]),
            [""; 0]
        );
    }
}
