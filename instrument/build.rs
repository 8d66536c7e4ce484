//! Builds the static libraries that tine-cc links into targets, so that they
//! travel inside it.
//!
//! They are crates of their own, outside the workspace: a static library with a
//! panic handler cannot be linked beside std. So Cargo is run once more for
//! each, into this crate's build folder.
//!
//! Of what rustc puts into such a library only the crate's own object file is
//! kept (the runtime uses nothing else): 30 KB instead of 4 MB in each target.
//!
//! The hooks of the compare log are written without a compiler: `hooks.rs`.

#[path = "hooks.rs"]
mod hooks;
#[path = "pages.rs"]
mod pages;

use ar_archive_writer::{
    ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, write_archive_to_stream,
};
use object::read::archive::ArchiveFile;
use std::{
    env,
    error::Error,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders below `forkserver/runtime` with a crate, or several.
const FOLDERS: [&str; 3] = ["archive", "driver", "shared"];

/// An archive, the libraries whose members it has, and the variable by which the source
/// finds it.
const ARCHIVES: [(&str, &[&str], &str); 4] = [
    (
        "libtine_runtime.a",
        &["tine_runtime"],
        "TINE_RUNTIME_ARCHIVE",
    ),
    (
        "libtine_driver.a",
        &["tine_driver_run", "tine_driver_main", "tine_driver_mutate"],
        "TINE_DRIVER_ARCHIVE",
    ),
    (
        "libtine_driver_none.a",
        &["tine_driver_none"],
        "TINE_NONE_ARCHIVE",
    ),
    ("libtine_shared.a", &["tine_shared"], "TINE_SHARED_ARCHIVE"),
];

/// The library that is given to linkers as an object file.
const MAIN: &str = "tine_driver_main";

/// The archives of hooks.
const HOOKS: [(hooks::For, &str, &str); 2] = [
    (
        hooks::For::Renaming,
        "libtine_hooks.a",
        "TINE_HOOKS_ARCHIVE",
    ),
    (
        hooks::For::Lld,
        "libtine_hooks_lld.a",
        "TINE_HOOKS_LLD_ARCHIVE",
    ),
];

fn main() {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let forkserver = manifest_dir.join("../forkserver");
    for source in ["protocol", "ipc", "runtime"] {
        println!(
            "cargo::rerun-if-changed={}",
            forkserver.join(source).display()
        );
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=hooks.rs");
    println!("cargo::rerun-if-changed=pages.rs");

    let out_dir = PathBuf::from(variable("OUT_DIR"));
    let target_dir = out_dir.join("runtime");
    let mut hasher = DefaultHasher::new();
    for folder in FOLDERS {
        let manifest = forkserver.join("runtime").join(folder).join("Cargo.toml");
        build(&manifest, &target_dir);
    }
    for (archive, libraries, variable) in ARCHIVES {
        let members: Vec<_> = libraries
            .iter()
            .flat_map(|library| own_members(&target_dir, library))
            .collect();
        let bytes = self::archive(&members)
            .unwrap_or_else(|error| panic!("cannot write {archive}: {error}"));
        bytes.hash(&mut hasher);
        keep(&out_dir.join(archive), &bytes, variable);
    }
    let main = own_members(&target_dir, MAIN);
    let [(_, main)] = main.as_slice() else {
        panic!("{MAIN} is not one object file");
    };
    main.hash(&mut hasher);
    keep(&out_dir.join("tine_main.o"), main, "TINE_MAIN_OBJECT");
    let pages = pages::object().unwrap_or_else(|error| panic!("cannot write the pages: {error}"));
    pages.hash(&mut hasher);
    keep(&out_dir.join("tine_pages.o"), &pages, "TINE_PAGES_OBJECT");
    for (linker, library, variable) in HOOKS {
        let hooks = hooks::members(linker)
            .and_then(|members| archive(&members))
            .unwrap_or_else(|error| panic!("cannot write the hooks: {error}"));
        hooks.hash(&mut hasher);
        keep(&out_dir.join(library), &hooks, variable);
    }
    println!(
        "cargo::rustc-env=TINE_ARCHIVES_HASH={:016x}",
        hasher.finish()
    );
}

/// Writes an archive for the source to find by `variable`.
fn keep(path: &Path, bytes: &[u8], variable: &str) {
    fs::write(path, bytes)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    println!("cargo::rustc-env={variable}={}", path.display());
}

fn build(manifest: &Path, target_dir: &Path) {
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
        ])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target_dir);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(belongs_to_this_build) {
            cargo.env_remove(name);
        }
    }
    let status = cargo
        .status()
        .unwrap_or_else(|error| panic!("cannot run cargo: {error}"));
    assert!(
        status.success(),
        "building {} failed: {status}",
        manifest.display()
    );
}

/// The members of a library that come from its crate itself.
fn own_members(target_dir: &Path, library: &str) -> Vec<hooks::Member> {
    let path = target_dir.join("release").join(format!("lib{library}.a"));
    let archive =
        fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let members = members_of(&archive, library)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    assert!(
        !members.is_empty(),
        "no member of {} comes from its crate",
        path.display()
    );
    members
}

fn members_of(archive: &[u8], library: &str) -> Result<Vec<hooks::Member>, Box<dyn Error>> {
    let parsed = ArchiveFile::parse(archive)?;
    let prefix = format!("{library}-");
    let mut members = Vec::new();
    for member in parsed.members() {
        let member = member?;
        if member.name().starts_with(prefix.as_bytes()) {
            let name = format!("{library}{}.o", members.len());
            members.push((name, member.data(archive)?.to_vec()));
        }
    }
    Ok(members)
}

/// An archive of these object files.
fn archive(members: &[hooks::Member]) -> Result<Vec<u8>, Box<dyn Error>> {
    let members: Vec<_> = members
        .iter()
        .map(|(name, bytes)| NewArchiveMember::new(bytes, &DEFAULT_OBJECT_READER, name.clone()))
        .collect();
    let mut written = Cursor::new(Vec::new());
    write_archive_to_stream(&mut written, &members, ArchiveKind::Gnu, false, Some(false))?;
    Ok(written.into_inner())
}

/// Whether a variable describes the build that this script is part of (its
/// flags, its profile, clippy in the place of rustc), and not the machine.
fn belongs_to_this_build(name: &str) -> bool {
    const OF_THE_MACHINE: [&str; 7] = [
        "CARGO_HOME",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
        "CARGO_MAKEFLAGS",
    ];
    const OF_THE_BUILD: [&str; 11] = [
        "RUSTFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_LINKER",
        "RUSTDOC",
        "RUSTDOCFLAGS",
        "TARGET",
        "PROFILE",
        "OPT_LEVEL",
        "DEBUG",
        "OUT_DIR",
        "CLIPPY_ARGS",
    ];
    OF_THE_BUILD.contains(&name)
        || name.starts_with("CARGO_") && !OF_THE_MACHINE.iter().any(|kept| name.starts_with(kept))
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo did not set {name}"))
}
