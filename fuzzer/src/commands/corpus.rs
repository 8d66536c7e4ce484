//! What `tine cmin` and `tine tmin` share: finding inputs, and several fork servers
//! at once.

pub mod listing;

use crate::{
    cli::{TargetArgs, Workers},
    engine,
    environment::{self, VariableError, Variables},
    target::{self, TargetError},
};
use listing::ListError;
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::{ForkServer, InputFolder, RunError, StartError, TargetFile};
use tine_protocol::layout::input::MAX_INPUT;

/// Why a corpus tool came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The target is not fit.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A variable means nothing.
    #[error(transparent)]
    Value(#[from] VariableError),
    /// A fork server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The inputs cannot be listed.
    #[error(transparent)]
    List(#[from] ListError),
    /// No signal handler or no thread.
    #[error("cannot listen for signals: {0}")]
    Control(io::Error),
    /// No room for the file that the target reads.
    #[error("cannot make a folder in {}: {source}; TMPDIR names another place", .path.display())]
    Temporary {
        /// Where it was to be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One file for several fork servers.
    #[error(
        "-f {} is one file, which {workers} fork servers would write at once: use -T 1, or leave \
         -f out",
        .file.display()
    )]
    SharedFile {
        /// The file.
        file: PathBuf,
        /// How many servers there are.
        workers: usize,
    },
    /// An input could not be run.
    #[error("{}: {source}", .path.display())]
    Run {
        /// The input.
        path: PathBuf,
        /// What was wrong.
        source: RunError,
    },
    /// No counter was ever touched.
    #[error(
        "{} ran, but none of its code that tine-cc or tine-c++ compiled was reached: compile its \
         sources with them too, not only its last link",
        .0.display()
    )]
    NoCoverage(PathBuf),
    /// The harness wants nothing of it in a corpus.
    #[error(
        "the harness in {} rejects every input that it is given: it returns -1, and such a run \
         covers nothing",
        .0.display()
    )]
    Rejected(PathBuf),
    /// A variable that would change what is run.
    #[error(
        "{0} is set, and only `tine fuzz` has custom mutators: unset it (`env -u {0} tine …`); the \
         queue holds what the target was given"
    )]
    Variable(&'static str),
    /// The output cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Output {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An input cannot be copied.
    #[error("cannot copy {} to {}: {source}", .from.display(), .to.display())]
    Copy {
        /// The input.
        from: PathBuf,
        /// The folder.
        to: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The output folder has something in it.
    #[error(
        "-o {} is not empty: give a folder that is new or empty, nothing of yours is deleted",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The output folder is a file.
    #[error("-o {} is a file: give the name of a folder", .0.display())]
    NotAFolder(PathBuf),
}

impl ToolError {
    /// For an output that cannot be written.
    pub fn output(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Output { path, source }
    }
}

/// How the target is run.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The target.
    pub target: &'a TargetArgs,
    /// Limit of a run.
    pub timeout: Duration,
    /// The environment.
    pub variables: &'a Variables,
}

/// Fork servers of one target, each with an input file of its own.
#[derive(Debug)]
pub struct Servers {
    /// The servers.
    pub servers: Vec<ForkServer>,
    /// How each is started.
    pub targets: Vec<target::Target>,
    /// Where the input files are.
    pub folders: Vec<InputFolder>,
}

impl Servers {
    /// Starts as many as `workers` says, but no more than there is work for.
    ///
    /// # Errors
    /// When the target is not fit or does not start.
    pub fn start(setup: Setup<'_>, workers: Workers, most: usize) -> Result<Self, ToolError> {
        for variable in ["AFL_CUSTOM_MUTATOR_LIBRARY", "AFL_PYTHON_MODULE"] {
            if setup.variables.is_set(variable) {
                return Err(ToolError::Variable(variable));
            }
        }
        let options = environment::start_options(setup.variables)?;
        let count = match workers {
            Workers::All => engine::allowed_cores().len().max(1),
            Workers::Count(count) => count,
        };
        let count = count.min(most.max(1));
        if let (Some(file), 2..) = (&setup.target.file, count) {
            return Err(ToolError::SharedFile {
                file: file.to_owned(),
                workers: count,
            });
        }
        let temporary = |source| ToolError::Temporary {
            path: std::env::temp_dir(),
            source,
        };
        let mut folders = Vec::new();
        let mut servers = Vec::with_capacity(count);
        let mut targets = Vec::with_capacity(count);
        for _ in 0..count {
            let own_file = setup.target.own_file(&options).map_err(temporary)?;
            let target = target::prepare(
                &setup.target.command,
                setup.target.file.as_deref(),
                own_file.as_ref().map_or(Path::new(""), InputFolder::file),
                setup.timeout,
                setup.target.memory,
                &options,
            )?;
            servers.push(ForkServer::start(target.config.clone())?);
            targets.push(target);
            folders.extend(own_file);
        }
        Ok(Self {
            servers,
            targets,
            folders,
        })
    }

    /// The target's file.
    pub fn target_file(&self) -> Option<&TargetFile> {
        self.targets.first().map(|target| &target.file)
    }
}

/// The input in a file, as much of it as the target can be given, and whether there
/// is more.
///
/// # Errors
/// What the system says.
pub fn read(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_INPUT as u64 + 1)
        .read_to_end(&mut bytes)?;
    let is_longer = bytes.len() > MAX_INPUT;
    bytes.truncate(MAX_INPUT);
    Ok((bytes, is_longer))
}

/// A folder for results that is new or was empty.
#[derive(Debug)]
pub struct NewFolder {
    path: PathBuf,
    /// Folders that were made for it, the innermost last.
    made: Vec<PathBuf>,
}

impl NewFolder {
    /// Makes the folder if it is missing.
    ///
    /// # Errors
    /// When it holds something, or cannot be made.
    pub fn make(path: &Path) -> Result<Self, ToolError> {
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(ToolError::NotEmpty(path.to_owned()));
                }
                Ok(Self {
                    path: path.to_owned(),
                    made: Vec::new(),
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut made: Vec<PathBuf> = path
                    .ancestors()
                    .filter(|folder| !folder.as_os_str().is_empty())
                    .take_while(|folder| !folder.exists())
                    .map(PathBuf::from)
                    .collect();
                made.reverse();
                fs::create_dir_all(path).map_err(ToolError::output(path))?;
                Ok(Self {
                    path: path.to_owned(),
                    made,
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                Err(ToolError::NotAFolder(path.to_owned()))
            }
            Err(error) => Err(ToolError::output(path)(error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The results are there: it stays.
    pub fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            // What is not empty stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Names that are given once only: who comes second gets a number behind it.
#[derive(Debug, Default)]
pub struct Names(std::collections::HashSet<OsString>);

impl Names {
    /// `wanted`, or `wanted-2` and so on.
    pub fn unique(&mut self, wanted: &std::ffi::OsStr) -> OsString {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.0.insert(name.clone()) {
            number += 1;
            name = wanted.to_owned();
            name.push(format!("-{number}"));
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, NewFolder, ToolError};
    use std::{ffi::OsStr, fs};

    #[test]
    fn names_are_given_once() {
        let mut names = Names::default();
        let given = ["a", "a", "b", "a-2", "a"].map(|name| names.unique(OsStr::new(name)));
        assert_eq!(given, ["a", "a-2", "b", "a-2-2", "a-3"]);
    }

    #[test]
    fn a_folder_that_was_not_filled_is_gone_and_one_with_files_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("a/b");
        drop(NewFolder::make(&inner).unwrap());
        assert!(!place.path().join("a").exists());
        NewFolder::make(&inner).unwrap().keep();
        drop(NewFolder::make(&inner).unwrap());
        assert!(inner.is_dir(), "it was there before");
        fs::write(inner.join("x"), "x").unwrap();
        assert!(matches!(
            NewFolder::make(&inner),
            Err(ToolError::NotEmpty(_))
        ));
        assert!(matches!(
            NewFolder::make(&inner.join("x")),
            Err(ToolError::NotAFolder(_))
        ));
    }
}
