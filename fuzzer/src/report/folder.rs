//! The output folder: who may use it, what lies in it, what may be replaced.
//!
//! ```text
//! OUT/default/queue/         testcases that cover something new
//! OUT/default/crashes/       inputs that crash the target
//! OUT/default/hangs/         inputs that hang it
//! OUT/default/replay/        for each of those that takes inputs before it, a
//!                            folder of its name with these and itself
//! OUT/default/lost/          inputs that take the fork server along, if there are any
//! OUT/default/fuzzer_stats   counters, plot_data their history
//! OUT/default/cmdline        how the target is run
//! OUT/default/.tine_state    what is known of the testcases, for the next session
//! OUT/default/fuzzer_setup   how the fuzzer was run
//! ```
//!
//! Instances of a campaign have names of their own in place of `default`.

use super::{
    name,
    store::{self, StoreError},
};
use nix::fcntl::{Flock, FlockArg};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The folders with testcases.
const QUEUE: &str = "queue";
const CRASHES: &str = "crashes";
const HANGS: &str = "hangs";
const LOST: &str = "lost";

/// The folder with the inputs before a crash or hang.
pub const REPLAY: &str = "replay";

/// Files beside these folders that a new session writes anew.
const FILES: [&str; 7] = [
    "fuzzer_stats",
    "plot_data",
    "cmdline",
    "fuzzer_setup",
    "fuzz_bitmap",
    ".cur_input",
    crate::engine::STATE_FILE,
];

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

/// What a session begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With seeds.
    Fresh,
    /// With what an earlier session left.
    Resumed,
}

impl OutputFolder {
    /// Makes the folder of the instance of this name if it is missing, and locks it.
    /// `seeds` is where the seeds are; `None` goes on with what is there.
    ///
    /// Nothing is deleted yet.
    ///
    /// # Errors
    /// When it cannot be used, is in use, or what it holds does not fit.
    pub fn open(
        out: &Path,
        instance: &str,
        seeds: Option<&Path>,
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
        fs::create_dir_all(&path).map_err(|source| unusable(&path, source))?;
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
        match folder.beginning(seeds) {
            Ok(beginning) => Ok((folder, beginning)),
            Err(error) => {
                folder.abandon();
                Err(error)
            }
        }
    }

    fn beginning(&self, seeds: Option<&Path>) -> Result<Beginning, FolderError> {
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
        if !queue.is_empty() && std::env::var_os("AFL_AUTORESUME").is_some() {
            return Ok(Beginning::Resumed);
        }
        let finds = queue.iter().filter(|name| !name.contains(",orig:")).count();
        let crashes = self.testcases(&self.crashes())?.len();
        let hangs = self.testcases(&self.hangs())?.len();
        let lost = self.testcases(&self.lost())?.len();
        let counts = [
            (finds, "find"),
            (crashes, "crash"),
            (hangs, "hang"),
            (lost, "input in lost/"),
        ];
        let what: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| super::counted(count as u64, noun))
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
            fs::create_dir_all(&folder).map_err(unusable(folder))?;
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
            for name in FILES {
                remove_if_there(&self.path.join(name))?;
            }
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

fn remove_if_there(file: &Path) -> Result<(), FolderError> {
    match fs::remove_file(file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FolderError::Unusable {
            path: file.into(),
            source,
        }),
        _ => Ok(()),
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
