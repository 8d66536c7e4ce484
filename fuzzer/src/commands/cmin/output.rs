//! Copying what is kept: all of it, or nothing.

use crate::{
    commands::corpus::{Names, NewFolder, ToolError},
    engine::Control,
    report::store,
};
use sha1::{Digest, Sha1};
use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    fs, io,
    path::Path,
};

/// How the copies are called.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// `id:000000,orig:NAME`
    pub as_queue: bool,
    /// The SHA-1 of the content instead of the name.
    pub by_content: bool,
}

impl Naming {
    fn name(self, path: &Path, number: usize) -> io::Result<OsString> {
        let (name, kind) = if self.by_content {
            (hex(&content_hash(path)?).into(), "hash")
        } else {
            (path.file_name().unwrap_or_default().to_owned(), "orig")
        };
        if !self.as_queue {
            return Ok(name);
        }
        let mut numbered = OsString::from(format!("id:{number:06},{kind}:"));
        numbered.push(name);
        // No file system takes more.
        Ok(match numbered.to_str() {
            Some(text) if text.len() > 255 => {
                let end = (0..=255).rev().find(|&at| text.is_char_boundary(at));
                text[..end.unwrap_or(0)].into()
            }
            _ => numbered,
        })
    }
}

/// The SHA-1 of a file's content.
pub fn content_hash(path: &Path) -> io::Result<[u8; 20]> {
    let mut hasher = Sha1::new();
    // A pipe may lie beside the files.
    io::copy(&mut store::open(path)?, &mut Writer(&mut hasher))?;
    Ok(hasher.finalize().into())
}

struct Writer<'a>(&'a mut Sha1);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Copies `files` to the folder: aside first, then all to their names at once. Returns
/// the names, or nothing if a signal came in between; then the folder is as empty as
/// it was.
///
/// # Errors
/// When one cannot be copied; then none is there.
pub fn fill(
    folder: &NewFolder,
    files: &[&Path],
    naming: Naming,
    control: &Control,
) -> Result<Option<Vec<OsString>>, ToolError> {
    // Copies that are not to be seen yet: it goes when it is dropped.
    let aside = store::unfinished()
        .tempdir_in(folder.path())
        .map_err(ToolError::output(folder.path()))?;
    let mut names = Names::default();
    let mut given = Vec::with_capacity(files.len());
    for (number, file) in files.iter().enumerate() {
        if control.signal().is_some() {
            return Ok(None);
        }
        let copied = naming.name(file, number).and_then(|name| {
            let name = names.unique(&name);
            fs::copy(file, aside.path().join(&name))?;
            Ok(name)
        });
        given.push(copied.map_err(|source| ToolError::Copy {
            from: file.to_path_buf(),
            to: folder.path().to_owned(),
            source,
        })?);
    }
    for name in &given {
        let path = folder.path().join(name);
        fs::rename(aside.path().join(name), &path).map_err(ToolError::output(&path))?;
    }
    Ok(Some(given))
}

/// Copies files to a folder that may hold some already: what is there stays. Each
/// content is copied once. Returns how many were.
///
/// # Errors
/// When one cannot be copied.
pub fn gather(folder: &Path, files: &[&Path]) -> Result<u64, ToolError> {
    fs::create_dir_all(folder).map_err(ToolError::output(folder))?;
    let mut names = Names::default();
    let mut contents = HashSet::new();
    for entry in fs::read_dir(folder)
        .map_err(ToolError::output(folder))?
        .flatten()
    {
        names.unique(&entry.file_name());
        if let Ok(hash) = content_hash(&entry.path()) {
            contents.insert(hash);
        }
    }
    let mut count = 0;
    for file in files {
        let failed = ToolError::output(folder);
        let hash = content_hash(file).map_err(ToolError::output(file))?;
        if !contents.insert(hash) {
            continue;
        }
        let name = names.unique(file.file_name().unwrap_or(OsStr::new("crash")));
        copy(file, &folder.join(name)).map_err(failed)?;
        count += 1;
    }
    Ok(count)
}

/// Copies a file, whole or not at all, to a name that is free.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = store::unfinished().tempfile_in(to.parent().unwrap_or(Path::new(".")))?;
    io::copy(&mut store::open(from)?, file.as_file_mut())?;
    file.persist_noclobber(to).map_err(|error| error.error)?;
    Ok(())
}
