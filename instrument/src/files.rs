//! The files that travel inside this program and that the linker reads: they
//! are written once into a cache folder.

use crate::{error::InstrumentError, settings::Settings};
use std::{
    borrow::Cow,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tine_protocol::layout::coverage::{COUNTERS, PAGE_SIZE, SECTION_MARK};

/// The fork server, for programs.
const RUNTIME: &[u8] = include_bytes!(env!("TINE_RUNTIME_ARCHIVE"));
/// `main`, `LLVMFuzzerRunDriver` and `LLVMFuzzerMutate`, for programs that lack them.
const DRIVER: &[u8] = include_bytes!(env!("TINE_DRIVER_ARCHIVE"));
/// The driver's `main`, for programs that shall have it.
const MAIN: &[u8] = include_bytes!(env!("TINE_MAIN_OBJECT"));
/// In the place of a harness, where there is none.
const NONE: &[u8] = include_bytes!(env!("TINE_NONE_ARCHIVE"));
/// What shared objects need to load into any program.
const SHARED: &[u8] = include_bytes!(env!("TINE_SHARED_ARCHIVE"));
/// Hooks at functions that compare buffers.
const HOOKS: &[u8] = include_bytes!(env!("TINE_HOOKS_ARCHIVE"));
/// The same for lld.
const HOOKS_LLD: &[u8] = include_bytes!(env!("TINE_HOOKS_LLD_ARCHIVE"));
/// What gives counters pages of their own without a script.
const PAGES: &[u8] = include_bytes!(env!("TINE_PAGES_OBJECT"));
/// Hash of the eight, made when this crate was built.
const ARCHIVES_HASH: &str = env!("TINE_ARCHIVES_HASH");

/// Stands for the files of this build of tine.
pub(crate) fn version() -> String {
    folder_name(&contents())
}

/// Symbols of the runtime that a shared object may refer to.
const EXPORTS: [&str; 4] = [
    "__afl_*",
    "__sanitizer_cov_8bit_counters_init",
    "__sanitizer_cov_pcs_init",
    "__sanitizer_cov_trace_*",
];

/// Where the files are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
}

impl Files {
    /// Sees to it that the files are there. Many processes may do so at once.
    pub(crate) fn install(settings: &Settings) -> Result<Files, InstrumentError> {
        let contents = contents();
        let name = folder_name(&contents);
        let folder = in_cache(settings, |root| install_in(root, &name, &contents))?;
        Ok(Files { folder })
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.folder.join("libtine_runtime.a")
    }

    pub(crate) fn driver(&self) -> PathBuf {
        self.folder.join("libtine_driver.a")
    }

    pub(crate) fn main(&self) -> PathBuf {
        self.folder.join("tine_main.o")
    }

    pub(crate) fn no_harness(&self) -> PathBuf {
        self.folder.join("libtine_driver_none.a")
    }

    /// A linker script that demands a harness or a `main`.
    pub(crate) fn demand(&self) -> PathBuf {
        self.folder.join("harness.ld")
    }

    pub(crate) fn shared(&self) -> PathBuf {
        self.folder.join("libtine_shared.a")
    }

    pub(crate) fn hooks(&self) -> PathBuf {
        self.folder.join("libtine_hooks.a")
    }

    pub(crate) fn hooks_for_lld(&self) -> PathBuf {
        self.folder.join("libtine_hooks_lld.a")
    }

    pub(crate) fn fragment(&self) -> PathBuf {
        self.folder.join("counters.ld")
    }

    pub(crate) fn pages(&self) -> PathBuf {
        self.folder.join("tine_pages.o")
    }

    pub(crate) fn exports(&self) -> PathBuf {
        self.folder.join("exports.list")
    }
}

/// A file with this text, whose name stands for it.
pub(crate) fn keep_text(settings: &Settings, text: &[u8]) -> Result<PathBuf, InstrumentError> {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let name = format!("{:016x}.list", hasher.finish());
    let folder = in_cache(settings, |root| {
        install_in(root, "lists", &[(name.as_str(), Cow::Borrowed(text))])
    })?;
    Ok(folder.join(name))
}

/// Has `install` write into the best folder that it can write into.
fn in_cache(
    settings: &Settings,
    install: impl Fn(&Path) -> Result<PathBuf, InstrumentError>,
) -> Result<PathBuf, InstrumentError> {
    let mut first_error = None;
    for root in &settings.cache {
        match install(root) {
            Ok(folder) => return Ok(folder),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if settings.cache_chosen
        && let Some(error) = first_error
    {
        return Err(error);
    }
    // No home, or one that cannot be written: builds run in such places.
    let own = format!("tine-{}", nix::unistd::Uid::effective());
    let root = std::env::temp_dir().join(own);
    make_real(&root)?;
    install(&root)
}

type Contents = [(&'static str, Cow<'static, [u8]>); 11];

fn contents() -> Contents {
    [
        ("libtine_runtime.a", RUNTIME.into()),
        ("libtine_driver.a", DRIVER.into()),
        ("tine_main.o", MAIN.into()),
        ("libtine_driver_none.a", NONE.into()),
        ("libtine_shared.a", SHARED.into()),
        ("libtine_hooks.a", HOOKS.into()),
        ("libtine_hooks_lld.a", HOOKS_LLD.into()),
        ("tine_pages.o", PAGES.into()),
        ("harness.ld", DEMAND.as_bytes().into()),
        ("counters.ld", fragment().into_bytes().into()),
        ("exports.list", exports().into_bytes().into()),
    ]
}

/// What a program with `-fsanitize=fuzzer` must have. `__real_main` is what linkers call
/// `main` where `--wrap=main` is given.
const DEMAND: &str = "ASSERT(!DEFINED(tine_no_harness) || __real_main != tine_driver_main, \
    \"-fsanitize=fuzzer, but this program has neither LLVMFuzzerTestOneInput (extern C in C++) \
    nor main\")\n";

/// The linker-script fragment. The mark tells the runtime that the section has
/// its pages to itself. No KEEP: the counters of a function that the linker
/// drops go with it, together with its entries in the table of addresses.
fn fragment() -> String {
    format!(
        "SECTIONS {{\n  \
           {COUNTERS} : ALIGN({PAGE_SIZE}) {{\n    \
             PROVIDE_HIDDEN(__start_{COUNTERS} = .);\n    \
             *({COUNTERS})\n    \
             PROVIDE_HIDDEN(__stop_{COUNTERS} = .);\n    \
             QUAD({SECTION_MARK:#x})\n    \
             . = ALIGN({PAGE_SIZE});\n  \
           }}\n\
         }} INSERT AFTER .data;\n"
    )
}

fn exports() -> String {
    let mut list = String::from("{\n");
    for symbol in EXPORTS {
        // Writing to a string cannot fail.
        let _ = writeln!(list, "  {symbol};");
    }
    list.push_str("};\n");
    list
}

/// A name that stands for the contents, so that several versions of tine can
/// share a cache.
fn folder_name(contents: &Contents) -> String {
    let mut hasher = DefaultHasher::new();
    ARCHIVES_HASH.hash(&mut hasher);
    for (name, bytes) in &contents[8..] {
        (name, bytes).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn install_in(
    root: &Path,
    name: &str,
    contents: &[(&str, Cow<'_, [u8]>)],
) -> Result<PathBuf, InstrumentError> {
    let folder = root.join(name);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| InstrumentError::Cache { path, source }
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(at(&folder))?;
    // Members of one's own group may add to a folder that the user chose, but
    // not change what is in ours.
    check_own(root, 0o002)?;
    check_own(&folder, 0o022)?;
    for (file, bytes) in contents {
        let path = folder.join(file);
        // Only whole files get this name, and only we can write here, so the
        // size is proof enough.
        let there = path.symlink_metadata();
        if !there.is_ok_and(|data| data.is_file() && data.len() == bytes.len() as u64) {
            write_whole(&folder, &path, bytes).map_err(at(&path))?;
        }
    }
    Ok(folder)
}

/// Makes a folder in a place where anybody may make one. A link is refused: who
/// made it could let it lead elsewhere once the files were looked at.
fn make_real(folder: &Path) -> Result<(), InstrumentError> {
    let cache = |source| InstrumentError::Cache {
        path: folder.to_owned(),
        source,
    };
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cache(error)),
        _ => {}
    }
    let data = folder.symlink_metadata().map_err(cache)?;
    if data.is_dir() && data.uid() == nix::unistd::Uid::effective().as_raw() {
        Ok(())
    } else {
        Err(InstrumentError::CacheNotOwn {
            path: folder.to_owned(),
        })
    }
}

/// Refuses a folder in which somebody else could exchange the files.
fn check_own(folder: &Path, forbidden: u32) -> Result<(), InstrumentError> {
    let data = folder.metadata().map_err(|source| InstrumentError::Cache {
        path: folder.to_owned(),
        source,
    })?;
    let others_write = data.permissions().mode() & forbidden != 0;
    if data.uid() != nix::unistd::Uid::effective().as_raw() || others_write {
        return Err(InstrumentError::CacheNotOwn {
            path: folder.to_owned(),
        });
    }
    Ok(())
}

/// Writes under another name first, so that nobody ever sees half a file.
fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod names;
#[cfg(test)]
mod tests;
