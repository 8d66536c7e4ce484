//! The modules of a crate: what each defines, imports and names. Code for tests is left
//! out.

use anyhow::{Context, Result};
use quote::ToTokens;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};
use syn::{Attribute, ImplItem, Item, UseTree, Visibility};

use super::tokens::{Found, Names};

/// A module.
#[derive(Debug, Default)]
pub struct Module {
    /// Its file, relative to the workspace.
    pub file: PathBuf,
    /// The module that it lies in.
    pub parent: Option<usize>,
    /// The modules that lie in it.
    pub children: BTreeMap<String, usize>,
    /// Names of what it defines.
    pub items: BTreeSet<String>,
    /// Names that it imports.
    pub imports: BTreeMap<String, Import>,
    /// Modules of which it imports all.
    pub globs: Vec<Names>,
    /// What its code names.
    pub found: Found,
}

/// An import.
#[derive(Debug)]
pub struct Import {
    /// Whence.
    pub path: Names,
    /// Others may use it, too.
    pub is_public: bool,
}

/// All modules of a crate; the first one is the root.
#[derive(Debug, Default)]
pub struct Modules(pub Vec<Module>);

/// Reads a file.
pub type Read<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

impl Modules {
    /// Reads the crate whose root is the file `root`.
    pub fn read(root: &Path, read: Read) -> Result<Self> {
        let mut modules = Self::default();
        let folder = root.parent().unwrap_or(Path::new(""));
        modules.file(root, folder, None, read)?;
        Ok(modules)
    }

    /// Adds a file, whose children lie in `folder`. Returns its module.
    fn file(
        &mut self,
        path: &Path,
        folder: &Path,
        parent: Option<usize>,
        read: Read,
    ) -> Result<usize> {
        let text = read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let parsed =
            syn::parse_file(&text).with_context(|| format!("cannot parse {}", path.display()))?;
        self.module(path, folder, parent, parsed.items, read)
    }

    fn module(
        &mut self,
        path: &Path,
        folder: &Path,
        parent: Option<usize>,
        items: Vec<Item>,
        read: Read,
    ) -> Result<usize> {
        let index = self.0.len();
        self.0.push(Module {
            file: path.into(),
            parent,
            ..Module::default()
        });
        for item in items {
            if is_for_tests(attributes(&item)) {
                continue;
            }
            let module = &mut self.0[index];
            match item {
                Item::Use(it) => {
                    let is_public = !matches!(it.vis, Visibility::Inherited);
                    if it.leading_colon.is_none() {
                        module.import(&mut Vec::new(), it.tree, is_public);
                    }
                }
                Item::Mod(it) => {
                    let name = it.ident.to_string();
                    let below = folder.join(&name);
                    let child = match it.content {
                        Some((_, items)) => self.module(path, &below, Some(index), items, read)?,
                        None => {
                            let file = below.with_extension("rs");
                            let file = match read(&file) {
                                Ok(_) => file,
                                Err(_) => below.join("mod.rs"),
                            };
                            self.file(&file, &below, Some(index), read)?
                        }
                    };
                    self.0[index].children.insert(name, child);
                }
                Item::Impl(mut it) => {
                    it.items
                        .retain(|item| !is_for_tests(attributes_of_member(item)));
                    module.found.add(it.into_token_stream());
                }
                item => {
                    module.items.extend(name(&item));
                    module.found.add(item.into_token_stream());
                }
            }
        }
        Ok(index)
    }
}

impl Module {
    fn import(&mut self, before: &mut Names, tree: UseTree, is_public: bool) {
        match tree {
            UseTree::Path(it) => {
                before.push(it.ident.to_string());
                self.import(before, *it.tree, is_public);
                before.pop();
            }
            UseTree::Group(it) => {
                for tree in it.items {
                    self.import(before, tree, is_public);
                }
            }
            UseTree::Glob(_) => self.globs.push(before.clone()),
            UseTree::Name(it) => {
                let name = it.ident.to_string();
                self.imported(before, &name.clone(), name, is_public);
            }
            UseTree::Rename(it) => {
                self.imported(
                    before,
                    &it.ident.to_string(),
                    it.rename.to_string(),
                    is_public,
                );
            }
        }
    }

    fn imported(&mut self, before: &Names, original: &str, name: String, is_public: bool) {
        let mut path = before.clone();
        let mut name = name;
        if original == "self" {
            // `use a::b::{self}`
            if name == "self" {
                name = path.last().cloned().unwrap_or_default();
            }
        } else {
            path.push(original.into());
        }
        if name == "_" {
            // A trait without a name: each is an import of its own.
            name = format!("_ {}", path.join("::"));
        }
        self.imports.insert(name, Import { path, is_public });
    }
}

/// The name that an item defines.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn attributes_of_member(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(it) => &it.attrs,
        ImplItem::Fn(it) => &it.attrs,
        ImplItem::Type(it) => &it.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| {
        let mut found = Found::default();
        found.add(it.meta.to_token_stream());
        it.path().is_ident("cfg") && found.names.contains("test") && !found.names.contains("not")
    })
}
