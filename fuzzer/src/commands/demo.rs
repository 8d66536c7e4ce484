//! `tine demo`: build a sample program, fuzz it until its planted bug is found,
//! and explain what happened.

mod explain;
mod sample;

use crate::{
    cli::{
        DemoArgs,
        config::{self, ConfigError},
    },
    commands::fuzz::{self, SessionError, Wanted},
    environment::Variables,
    report::summary::Ending,
};
use explain::Story;
use sample::{SEED, SOURCE, Tools};
use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    os::unix::{fs::symlink, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tine_controller::start_clean;

/// Why the demonstration came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder cannot be used.
    #[error("cannot write in {}: {source}; choose another folder with --dir", .path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has something in it.
    #[error("{} is not empty: choose a new folder with --dir", .0.display())]
    NotEmpty(PathBuf),
    /// The compiler wrapper could not be executed.
    #[error("cannot execute {}: {source}", .path.display())]
    Compiler {
        /// The wrapper.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The compiler failed.
    #[error(
        "the sample program could not be compiled, see above. tine-cc needs clang or gcc \
         (Debian, Ubuntu: `apt-get install clang`)"
    )]
    NotCompiled,
    /// A variable means nothing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Fuzzing failed.
    #[error(transparent)]
    Fuzz(#[from] SessionError),
    /// The bug was not found.
    #[error(
        "the bug was not found within {limit} s: the machine may be busy. Go on with \
         --limit SECONDS, or look at {}",
        .out.display()
    )]
    NotFound {
        /// The limit in seconds.
        limit: u64,
        /// The output folder.
        out: PathBuf,
    },
    /// The program could not be run by hand.
    #[error("cannot run {}: {source}", .path.display())]
    Replay {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The explanation could not be printed.
    #[error("cannot write to standard output: {0}")]
    Print(io::Error),
}

/// Runs the command.
///
/// # Errors
/// When there is no compiler, no place to work in, or the bug is not found.
pub fn run(
    args: &DemoArgs,
    variables: &Variables,
    words: &[OsString],
) -> Result<ExitCode, DemoError> {
    let work = WorkFolder::make(args.dir.as_deref())?;
    let folder = work.path.clone();
    let tools = Tools::find(&folder)?;
    let seeds = folder.join("seeds");
    create(&seeds, |path| fs::create_dir(path))?;
    for (path, content) in [
        (seeds.join("picture.tip"), SEED),
        (folder.join("demo.c"), SOURCE.as_bytes()),
    ] {
        create(&path, |path| File::create_new(path)?.write_all(content))?;
    }

    say!("compiling {} with tine-cc", folder.join("demo.c").display());
    let program = compile(&tools.compiler, &folder)?;
    work.keep();
    let out = folder.join("out");
    say!(
        "fuzzing it until it crashes, for {} s at the most",
        args.limit
    );
    let command = vec![program.clone().into()];
    let mut config = config::plain(seeds, out.clone(), command, variables, words)?;
    config.ends.time = Some(Duration::from_secs(args.limit));
    config.ends.until_crash = true;
    let wanted = Wanted {
        no_ui: args.no_ui,
        ..Wanted::default()
    };
    let start = Instant::now();
    let ending = fuzz::session(&config, variables, wanted)?;
    let time = start.elapsed();

    let Some(crash) = first_crash(&out.join("default/crashes")) else {
        if let Ending::Signal(signal) = ending {
            say!("what there is so far stays in {}", folder.display());
            // What a shell makes of it.
            return Ok(ExitCode::from(128u8.saturating_add(signal as u8)));
        }
        return Err(DemoError::NotFound {
            limit: args.limit,
            out,
        });
    };
    let signal = replay(&program, &crash)?;
    let story = Story {
        tools,
        program,
        crash,
        out,
        time,
        signal,
    };
    match io::stdout().lock().write_all(story.tell().as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(DemoError::Print(error)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn create(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), DemoError> {
    make(path).map_err(|source| DemoError::Folder {
        path: path.to_owned(),
        source,
    })
}

/// Where the demonstration happens. The folder stays, because the commands that
/// are shown at the end use it; if it never comes to fuzzing, a temporary one
/// goes.
struct WorkFolder {
    path: PathBuf,
    temporary: Option<TempDir>,
}

impl WorkFolder {
    fn make(chosen: Option<&Path>) -> Result<Self, DemoError> {
        let failed = |path: &Path, source| DemoError::Folder {
            path: path.to_owned(),
            source,
        };
        let Some(path) = chosen else {
            let parent = env::temp_dir();
            let folder = tempfile::Builder::new()
                .prefix("tine-demo-")
                .tempdir_in(&parent);
            let folder = folder.map_err(|source| failed(&parent, source))?;
            return Ok(Self {
                path: folder.path().to_owned(),
                temporary: Some(folder),
            });
        };
        fs::create_dir_all(path).map_err(|source| failed(path, source))?;
        let mut entries = fs::read_dir(path).map_err(|source| failed(path, source))?;
        if entries.next().is_some() {
            return Err(DemoError::NotEmpty(path.to_owned()));
        }
        let path = fs::canonicalize(path).map_err(|source| failed(path, source))?;
        Ok(Self {
            path,
            temporary: None,
        })
    }

    fn keep(self) {
        self.temporary.map(TempDir::keep);
    }
}

impl Tools {
    /// `cargo run` builds `tine` alone. It is the compiler wrapper too, when it
    /// is called by that name: then a link in `folder` will do.
    fn find(folder: &Path) -> Result<Self, DemoError> {
        let tine = env::current_exe().map_err(|source| DemoError::Folder {
            path: "/proc/self/exe".into(),
            source,
        })?;
        let beside = tine.with_file_name("tine-cc");
        if beside.is_file() {
            return Ok(Self {
                tine,
                compiler: beside,
            });
        }
        for name in ["tine-cc", "tine-c++"] {
            create(&folder.join(name), |path| symlink(&tine, path))?;
        }
        let compiler = folder.join("tine-cc");
        Ok(Self { tine, compiler })
    }
}

fn compile(compiler: &Path, folder: &Path) -> Result<PathBuf, DemoError> {
    let program = folder.join("demo");
    let status = Command::new(compiler)
        .args(["-g", "-O1", "-o"])
        .arg(&program)
        .arg(folder.join("demo.c"))
        .status()
        .map_err(|source| DemoError::Compiler {
            path: compiler.to_owned(),
            source,
        })?;
    if status.success() {
        Ok(program)
    } else {
        Err(DemoError::NotCompiled)
    }
}

/// The first file that the fuzzer saved as a crash.
fn first_crash(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"id"))
        })
        .min()
}

/// Runs the program without a fuzzer, as its user would. Returns the signal that
/// ended it.
fn replay(program: &Path, input: &Path) -> Result<Option<i32>, DemoError> {
    let failed = |path: &Path, source| DemoError::Replay {
        path: path.to_owned(),
        source,
    };
    let file = File::open(input).map_err(|source| failed(input, source))?;
    let mut command = Command::new(program);
    start_clean(&mut command);
    command
        .stdin(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map(|status| status.signal())
        .map_err(|source| failed(program, source))
}
