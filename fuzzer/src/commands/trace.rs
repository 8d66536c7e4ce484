//! `tine trace`: watch one handshake and a run, step by step.

use crate::{
    cli::{TraceArgs, TraceFormat},
    environment::{self, VariableError, Variables},
    report::{store::Replacement, text::lines},
    target::{self, TargetError},
};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, IsTerminal, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};
use tine_controller::{ForkServer, InputFolder, Outcome, TargetConfig};
use tine_protocol::layout::input::MAX_INPUT;
use tine_trace::{Event, Recording, Role, Step, TraceError, render};

/// Why nothing was traced.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target cannot even be tried.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A variable means nothing.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The system does not allow it.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The input could not be read.
    #[error("cannot read {what}: {source}")]
    Input {
        /// The file.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The input is longer than a fork server takes.
    #[error("{what} is longer than {MAX_INPUT} bytes, the longest input that a target takes")]
    TooLong {
        /// The file.
        what: String,
    },
    /// The trace could not be written.
    #[error("cannot write {what}: {source}")]
    Output {
        /// The file.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// Temporary files are not possible.
    #[error("cannot create a temporary folder: {0}")]
    Temporary(io::Error),
}

/// Runs the command.
///
/// # Errors
/// When the target is no program, the input cannot be read, the system does not
/// allow tracing, or the trace cannot be written.
pub fn run(args: &TraceArgs, variables: &Variables) -> Result<ExitCode, Error> {
    let job_input = if args.controller {
        Vec::new()
    } else {
        read_input(args)?
    };
    let own_file;
    let job = if args.controller {
        Job::Foreign(args.target.command.clone())
    } else {
        let options = environment::start_options(variables)?;
        own_file = args.target.own_file(&options).map_err(Error::Temporary)?;
        let target = target::prepare_unchecked(
            &args.target.command,
            args.target.file.as_deref(),
            own_file.as_ref().map_or(Path::new(""), InputFolder::file),
            args.timeout.0,
            args.target.memory,
            &options,
        )?;
        Job::Runs {
            config: Box::new(target.config),
            input: job_input,
            runs: args.runs,
        }
    };
    let mut output = Output::open(args)?;
    let command = args
        .target
        .command
        .iter()
        .map(|word| word.display().to_string());
    let mut recording = tine_trace::record(
        command.collect(),
        |report| job.run(report),
        |recording, event| output.event(recording, event),
    )?;
    if args.controller {
        recording.report.extend(verdict(&recording));
    }
    output.finish(&recording)?;
    let failed = recording
        .report
        .iter()
        .any(|line| line.starts_with(NOTHING_RAN));
    Ok(if failed || recording.interrupted {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Begins the line of a report that says why there was no run.
const NOTHING_RAN: &str = "no run: ";

/// What became of another controller, if it made no run.
fn verdict(recording: &Recording) -> Option<String> {
    let requests = recording
        .events
        .iter()
        .filter(|event| matches!(&event.step, Step::Word { word, .. } if word == "run request"));
    let has_server = recording
        .actors
        .iter()
        .any(|actor| actor.role == Role::ForkServer);
    match (has_server, requests.count()) {
        _ if !recording.report.is_empty() => None,
        (false, _) => Some(format!(
            "{NOTHING_RAN}no program was executed with pipes on 198 and 199: this is no controller, or it \
             did not come so far"
        )),
        (true, 0) => Some(format!("{NOTHING_RAN}none was requested")),
        _ => None,
    }
}

/// What the traced process does.
enum Job {
    /// tine's own controller.
    Runs {
        config: Box<TargetConfig>,
        input: Vec<u8>,
        runs: u64,
    },
    /// Another controller.
    Foreign(Vec<OsString>),
}

impl Job {
    /// Runs in the traced process. What it has to say goes to `report`.
    fn run(self, mut report: File) -> i32 {
        let result = match self {
            Self::Runs {
                config,
                input,
                runs,
            } => run_target(*config, &input, runs, &mut report),
            Self::Foreign(command) => Err(execute(&command)),
        };
        match result {
            Ok(()) => 0,
            Err(reason) => {
                // It is read after this process has ended.
                let _ = writeln!(report, "{NOTHING_RAN}{reason}");
                1
            }
        }
    }
}

fn run_target(
    config: TargetConfig,
    input: &[u8],
    runs: u64,
    report: &mut File,
) -> Result<(), String> {
    let mut server = ForkServer::start(config).map_err(|error| error.to_string())?;
    for number in 1..=runs {
        let outcome = server.run(input).map_err(|error| error.to_string())?;
        let mut edges = 0;
        server.map().take_nonzero(|_, counts| {
            let counts = counts.to_ne_bytes();
            edges += counts.iter().filter(|count| **count != 0).count();
        });
        let _ = writeln!(report, "{}", sentence(number, outcome, edges));
    }
    Ok(())
}

fn sentence(number: u64, outcome: Outcome, edges: usize) -> String {
    format!("run {number}: the target {outcome}; it took {edges} edges")
}

/// Becomes another controller; returns only if that fails.
fn execute(command: &[OsString]) -> String {
    let Some((program, arguments)) = command.split_first() else {
        return "no command".into();
    };
    // What it prints must not get between the lines of the trace.
    if let Err(error) = nix::unistd::dup2_stdout(io::stderr()) {
        return format!("cannot redirect its output: {error}");
    }
    let error = Command::new(program).args(arguments).exec();
    format!("cannot execute {}: {error}", program.display())
}

fn read_input(args: &TraceArgs) -> Result<Vec<u8>, Error> {
    let mut input = Vec::new();
    let limit = MAX_INPUT as u64 + 1;
    let (what, read) = match &args.input {
        Some(path) if path.as_os_str() != "-" => {
            let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut input));
            (path.display().to_string(), read)
        }
        _ => {
            let stdin = io::stdin();
            if stdin.is_terminal() {
                say!("reading the input from this terminal; Ctrl-D ends it, -i FILE names one");
            }
            let read = stdin.lock().take(limit).read_to_end(&mut input);
            ("standard input".into(), read)
        }
    };
    read.map_err(|source| Error::Input {
        what: what.clone(),
        source,
    })?;
    if input.len() > MAX_INPUT {
        return Err(Error::TooLong { what });
    }
    Ok(input)
}

/// Where the trace goes.
struct Output {
    file: Option<(PathBuf, Replacement)>,
    format: TraceFormat,
    phase: Option<String>,
    /// The first thing that went wrong while events were written.
    error: Option<io::Error>,
}

impl Output {
    fn open(args: &TraceArgs) -> Result<Self, Error> {
        let file = match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                let file = Replacement::begin(path).map_err(|source| Error::Output {
                    what: path.display().to_string(),
                    source,
                })?;
                Some((path.clone(), file))
            }
            _ => None,
        };
        let mut output = Self {
            file,
            format: args.format,
            phase: None,
            error: None,
        };
        if output.format == TraceFormat::Text {
            output.line(&render::heading());
        }
        Ok(output)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        match &mut self.file {
            Some((_, file)) => file.write_all(text.as_bytes()),
            None => io::stdout().write_all(text.as_bytes()),
        }
    }

    fn line(&mut self, line: &str) {
        let line = match self.format {
            TraceFormat::Text | TraceFormat::Mermaid => &lines(line),
            // They have escapes of their own.
            TraceFormat::Json | TraceFormat::Html => line,
        };
        if self.error.is_none()
            && let Err(error) = self.write(&format!("{line}\n"))
        {
            self.error = Some(error);
        }
    }

    /// In text an event is shown as it happens.
    fn event(&mut self, recording: &Recording, event: &Event) {
        if self.format == TraceFormat::Text {
            let line = render::line(recording, event, self.phase.as_deref());
            self.phase = Some(event.phase.clone());
            self.line(&line);
        }
    }

    fn finish(mut self, recording: &Recording) -> Result<(), Error> {
        let text = match self.format {
            TraceFormat::Text => render::summary(recording),
            TraceFormat::Mermaid => render::mermaid(recording),
            TraceFormat::Json => render::json(recording),
            TraceFormat::Html => render::html(recording),
        };
        self.line(text.trim_end());
        if self.format != TraceFormat::Text || self.file.is_some() {
            // What the reader of a diagram does not see in it.
            for line in render::summary(recording).lines() {
                say!("{line}");
            }
        }
        let (path, written) = match (self.file, self.error) {
            (Some((path, file)), None) => (Some(path), file.finish()),
            (file, error) => (file.map(|(path, _)| path), error.map_or(Ok(()), Err)),
        };
        match written {
            // A reader that has seen enough is no error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output {
                what: path.map_or_else(
                    || "standard output".into(),
                    |path| path.display().to_string(),
                ),
                source: error,
            }),
            _ => Ok(()),
        }
    }
}
