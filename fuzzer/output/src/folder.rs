//! The output folder: who may use it, what lies in it, what may be replaced.
//!
//! [`CONTENTS`] says what lies in it.
//!
//! Instances of a campaign have names of their own in place of `default`.

mod beginning;
mod contents;

pub use beginning::Beginning;
pub use contents::{COMPARED_FILE, CONTENTS, Entry, MAIN, REPLAY, STATE_FILE, SYNCED, markdown};

use super::{
    name,
    store::{self, StoreError},
    text::counted,
};
use contents::{CRASHES, HANGS, LOST, QUEUE};
use nix::fcntl::{Flock, FlockArg};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Why an output folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be made or read.
    #[error("cannot use the output folder {}: {source}; choose another with -o", .path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a file.
    #[error("-o {} is a file: give a folder for the results", .0.display())]
    NotAFolder(PathBuf),
    /// Another fuzzer works in it.
    #[error(
        "{} belongs to a fuzzer that is running{}: end that one, or choose another folder with -o",
        .path.display(),
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The fuzzer's process, if it said so.
        pid: Option<u32>,
    },
    /// There are results in it.
    #[error(
        "{} holds the results of an earlier session ({what}): go on with it by `-i -`, or choose \
         another folder with -o; tine does not delete what was found",
        .path.display()
    )]
    HasResults {
        /// The folder.
        path: PathBuf,
        /// How many of what.
        what: String,
    },
    /// The seeds lie in it.
    #[error(
        "the seeds in {} lie within the output folder {}: choose another folder with -o",
        .seeds.display(), .path.display()
    )]
    HoldsSeeds {
        /// The seeds.
        seeds: PathBuf,
        /// The folder.
        path: PathBuf,
    },
    /// The results would lie among the seeds, and be taken for seeds another time.
    #[error(
        "-i and -o name the same folder, {}: choose another one for the results with -o",
        .0.display()
    )]
    SameFolder(PathBuf),
    /// `-i -` without an earlier session.
    #[error(
        "there is no session to go on with in {}: begin one with -i SEEDS, and with another -o if \
         there are crashes",
        .0.display()
    )]
    NothingToResume(PathBuf),
    /// Something in it cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An output folder that belongs to this process as long as it lives.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    /// Folders that were made for it, the innermost last.
    made: Vec<PathBuf>,
    _lock: Flock<File>,
}

impl OutputFolder {
    /// Makes the folder of the instance of this name if it is missing, and locks it.
    /// `seeds` is where the seeds are; `None` goes on with what is there, as one that
    /// `resumes` does if there is something.
    ///
    /// Nothing is deleted yet.
    ///
    /// # Errors
    /// When it cannot be used, is in use, or what it holds does not fit.
    pub fn open(
        out: &Path,
        instance: &str,
        seeds: Option<&Path>,
        resumes: bool,
    ) -> Result<(Self, Beginning), FolderError> {
        let out = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
        let path = out.join(instance);
        let unusable = |path: &Path, source| FolderError::Unusable {
            path: path.into(),
            source,
        };
        if fs::metadata(&out).is_ok_and(|found| !found.is_dir()) {
            return Err(FolderError::NotAFolder(out));
        }
        if seeds.is_none() && !path.is_dir() {
            return Err(FolderError::NothingToResume(path));
        }
        let made = missing(&path);
        store::make_folder(&path).map_err(|source| unusable(&path, source))?;
        let handle = File::open(&path).map_err(|source| unusable(&path, source))?;
        let lock = match Flock::lock(handle, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => {
                return Err(FolderError::Locked {
                    pid: owner(&path),
                    path,
                });
            }
            Err((_, errno)) => return Err(unusable(&path, errno.into())),
        };
        let folder = Self {
            path,
            made,
            _lock: lock,
        };
        match folder.beginning(seeds, resumes) {
            Ok(beginning) => Ok((folder, beginning)),
            Err(error) => {
                folder.abandon();
                Err(error)
            }
        }
    }

    fn beginning(&self, seeds: Option<&Path>, resumes: bool) -> Result<Beginning, FolderError> {
        let queue = self.testcases(&self.queue())?;
        let Some(seeds) = seeds else {
            return if queue.is_empty() {
                Err(FolderError::NothingToResume(self.path.clone()))
            } else {
                Ok(Beginning::Resumed)
            };
        };
        if let (Ok(seeds), Ok(path)) = (seeds.canonicalize(), self.path.canonicalize()) {
            if seeds.starts_with(&path) {
                return Err(FolderError::HoldsSeeds { seeds, path });
            }
            if path.parent() == Some(&seeds) {
                return Err(FolderError::SameFolder(seeds));
            }
        }
        if !queue.is_empty() && resumes {
            return Ok(Beginning::Resumed);
        }
        let finds = queue.iter().filter(|name| !name::is_seed(name)).count();
        let crashes = self.testcases(&self.crashes())?.len();
        let hangs = self.testcases(&self.hangs())?.len();
        let lost = self.testcases(&self.lost())?.len();
        let sequences = self.testcases(&self.replay())?.len();
        let counts = [
            (finds, "find"),
            (crashes, "crash"),
            (hangs, "hang"),
            (lost, "input in lost/"),
            (sequences, "folder in replay/"),
        ];
        let what: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| counted(count as u64, noun))
            .collect();
        if what.is_empty() {
            Ok(Beginning::Fresh)
        } else {
            Err(FolderError::HasResults {
                path: self.path.clone(),
                what: what.join(", "),
            })
        }
    }

    /// Makes the folders, and removes what a killed session had not finished
    /// writing; for a fresh beginning, also what an earlier session without results
    /// left.
    ///
    /// # Errors
    /// When something cannot be made or removed.
    pub fn lay_out(&self, beginning: Beginning) -> Result<(), FolderError> {
        let unusable = |path: PathBuf| move |source| FolderError::Unusable { path, source };
        for folder in [self.queue(), self.crashes(), self.hangs()] {
            store::make_folder(&folder).map_err(unusable(folder))?;
        }
        for folder in [
            self.path.clone(),
            self.queue(),
            self.crashes(),
            self.hangs(),
            self.replay(),
            self.lost(),
        ] {
            store::remove_unfinished(&folder).map_err(|(path, error)| unusable(path)(error))?;
        }
        if beginning == Beginning::Fresh {
            let queue = self.queue();
            for name in self.testcases(&queue)? {
                let path = queue.join(name);
                fs::remove_file(&path).map_err(unusable(path))?;
            }
        }
        self.forget(beginning)?;
        Ok(())
    }

    /// Removes what a session that begins so must not find: state of an earlier one.
    fn forget(&self, beginning: Beginning) -> Result<(), FolderError> {
        let unusable = |path: &Path, source| FolderError::Unusable {
            path: path.into(),
            source,
        };
        let entries = fs::read_dir(&self.path).map_err(|error| unusable(&self.path, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unusable(&self.path, error))?;
            let name = entry.file_name();
            let is_old = |known: &&Entry| known.is(&name) && known.goes(beginning);
            if !CONTENTS.iter().any(|known| is_old(&known)) {
                continue;
            }
            let path = entry.path();
            let removed = if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(|error| unusable(&path, error))?;
        }
        Ok(())
    }

    /// Removes the folders that were made for a session that did not begin.
    pub fn abandon(self) {
        let inner = [QUEUE, CRASHES, HANGS].map(|name| self.path.join(name));
        if self.made.is_empty() {
            return;
        }
        let _ = fs::remove_file(self.path.join(".cur_input"));
        for folder in inner.iter().chain(self.made.iter().rev()) {
            // What is not empty stays.
            let _ = fs::remove_dir(folder);
        }
    }

    /// The folder of the instance.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where testcases are.
    #[must_use]
    pub fn queue(&self) -> PathBuf {
        self.path.join(QUEUE)
    }

    /// Where crashes are.
    #[must_use]
    pub fn crashes(&self) -> PathBuf {
        self.path.join(CRASHES)
    }

    /// Where hangs are.
    #[must_use]
    pub fn hangs(&self) -> PathBuf {
        self.path.join(HANGS)
    }

    /// Where the inputs before crashes and hangs are. It is made when there are any.
    #[must_use]
    pub fn replay(&self) -> PathBuf {
        self.path.join(REPLAY)
    }

    /// Where inputs are on which the fork server is lost. Made with the first one.
    #[must_use]
    pub fn lost(&self) -> PathBuf {
        self.path.join(LOST)
    }

    /// Writes a file of the instance.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, name: &str, content: &str) -> Result<(), StoreError> {
        store::write(&self.path, name, &[content.as_bytes()])
    }

    /// Gives testcases in the queue whose names have no number that a fuzzer counts to
    /// a name of ours, so that they go on being testcases.
    ///
    /// # Errors
    /// When one cannot be renamed.
    pub fn rename_odd_testcases(&self) -> Result<(), FolderError> {
        let queue = self.queue();
        let unusable = |source| FolderError::Unusable {
            path: queue.clone(),
            source,
        };
        let names = self.testcases(&queue)?;
        let mut next = name::next_number(names.iter().filter_map(|name| name::number(name)));
        for entry in fs::read_dir(&queue).map_err(unusable)? {
            let old = entry.map_err(unusable)?.file_name();
            let text = old.to_string_lossy();
            if text.starts_with("id:") && name::number(&text).is_none() {
                let new = queue.join(name::of_seed(next, &text));
                fs::rename(queue.join(&old), new).map_err(unusable)?;
                next += 1;
            }
        }
        Ok(())
    }

    /// The names of the testcases in `folder`, in order of their numbers.
    ///
    /// # Errors
    /// When the folder is there but cannot be read.
    pub fn testcases(&self, folder: &Path) -> Result<Vec<String>, FolderError> {
        let unusable = |source| FolderError::Unusable {
            path: folder.into(),
            source,
        };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(unusable)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unusable)?;
            if let Ok(name) = entry.file_name().into_string()
                && let Some(number) = name::number(&name)
            {
                names.push((number, name));
            }
        }
        names.sort();
        Ok(names.into_iter().map(|(_, name)| name).collect())
    }
}

/// The folders on the way to `path` that do not exist, the innermost last.
fn missing(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = path
        .ancestors()
        .take_while(|folder| !folder.exists())
        .map(PathBuf::from)
        .collect();
    folders.reverse();
    folders
}

/// The process that writes the statistics in `path`.
fn owner(path: &Path) -> Option<u32> {
    let text = store::read_text(&path.join("fuzzer_stats"));
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("fuzzer_pid"))?;
    line.trim_start_matches([' ', ':']).trim().parse().ok()
}

#[cfg(test)]
mod tests;
