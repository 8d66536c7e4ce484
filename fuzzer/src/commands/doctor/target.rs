//! The target, step by step. What depends on a step that fails is left out.

mod by_hand;
mod file;
mod process;
mod runs;
mod start;
mod watch;

use super::{
    error::Error,
    finding::{Finding, Id},
};
use crate::{
    cli::DoctorArgs,
    environment::{self, VariableError, Variables},
    processes::EndBySignal,
    target::{self, INPUT_FILE, StartOptions, TargetError},
};
use std::{env, fs, path::Path};
use tine_controller::{ForkServer, InputFolder, TargetConfig, TargetOutput};

/// An input that most programs take for garbage, but read.
const SAMPLE: &[u8] = b"tine doctor: a line of text, 0123456789\n{\"a\": [1, -2.5e3]} <b c='d'/>\n";

/// What is looked at, and who is told.
struct Examination<'a> {
    config: TargetConfig,
    /// The input of `-i`, or a sample.
    input: Vec<u8>,
    /// Whether the input is the user's.
    is_users: bool,
    /// A signal ends all that was started.
    guard: Option<EndBySignal>,
    say: &'a mut dyn FnMut(Finding),
}

/// Looks at the target that the arguments name.
///
/// # Errors
/// When the input cannot be read, or there is nowhere to work.
pub fn examine(
    args: &DoctorArgs,
    variables: &Variables,
    say: &mut dyn FnMut(Finding),
) -> Result<(), Error> {
    let input = args.input.as_deref().map(read).transpose()?;
    let options = environment::start_options(variables);
    let placeholder = options.as_ref().map(StartOptions::placeholder);
    // Without options it comes to nothing anyway.
    let is_named = placeholder.is_ok_and(|it| target::names_input(&args.target, it));
    let is_needed = args.file.is_none() && is_named;
    let own_file = is_needed
        .then(|| InputFolder::create(&env::temp_dir(), INPUT_FILE.as_ref()))
        .transpose()
        .map_err(Error::Temporary)?;
    let guard = EndBySignal::start().map_err(Error::Signals)?;
    let Some(found) = file::examine(&args.target, variables, say) else {
        return Ok(());
    };
    let options = match options {
        Ok(options) => options,
        Err(error) => {
            let VariableError {
                name,
                value,
                expected,
            } = error;
            say(Finding::fails(Id::Variables, format!("{name}={value}")).why(expected));
            return Ok(());
        }
    };
    let prepared = target::prepare(
        &args.target,
        args.file.as_deref(),
        own_file.as_ref().map_or(Path::new(""), InputFolder::file),
        args.timeout.0,
        args.memory,
        &options,
    );
    let mut config = match prepared {
        Ok(target) => target.config,
        Err(error) => {
            say(unprepared(&error));
            return Ok(());
        }
    };
    if args.json {
        // With AFL_DEBUG the target writes where the findings go.
        config.output = TargetOutput::Null;
    }
    if let Some(sanitizer) = found.sanitizer {
        say(Finding::ok(Id::Sanitizer, sanitizer.to_string()));
    }
    let is_users = input.is_some();
    let mut examination = Examination {
        config,
        input: input.unwrap_or_else(|| SAMPLE.to_vec()),
        is_users,
        guard: Some(guard),
        say,
    };
    examination.start_and_run(&found);
    Ok(())
}

impl Examination<'_> {
    /// Watches the target. Only a process with one thread can, and meanwhile it has an
    /// answer to signals of its own.
    fn watched(&mut self, watch: impl FnOnce(&TargetConfig) -> watch::Seen) -> watch::Seen {
        self.guard = None;
        let seen = watch(&self.config);
        self.guard = EndBySignal::start().ok();
        seen
    }

    fn start_and_run(&mut self, file: &tine_controller::TargetFile) {
        let began = std::time::Instant::now();
        let mut server = match ForkServer::start(self.config.clone()) {
            Ok(server) => server,
            Err(error) => {
                let seen = self.watched(watch::start);
                for finding in start::failed(&error, file, &self.config, &seen) {
                    (self.say)(finding);
                }
                return;
            }
        };
        for finding in start::up(server.info(), began.elapsed(), &self.config) {
            (self.say)(finding);
        }
        for finding in server.server_pid().map_or_else(Vec::new, process::examine) {
            (self.say)(finding);
        }
        let can_run = runs::examine(self, &mut server);
        drop(server);
        if !can_run {
            return;
        }
        let input = self.input.clone();
        let seen = self.watched(|config| watch::run(config, &input));
        for finding in seen.findings() {
            (self.say)(finding);
        }
        if !seen.makes_processes() {
            (self.say)(by_hand::output(&self.config, &self.input));
        }
    }
}

fn unprepared(error: &TargetError) -> Finding {
    match error {
        TargetError::MemoryAndSanitizer {
            sanitizer, limit, ..
        } => Finding::fails(Id::Sanitizer, format!("{sanitizer} with -m {limit}"))
            .why("it reserves terabytes of address space, which the limit forbids")
            .remedy("tine fuzz -m none …\nASAN_OPTIONS=hard_rss_limit_mb=2048    # limits memory in its place"),
        TargetError::InputFile { path, source } => Finding::fails(
            Id::Arguments,
            format!("cannot write {}: {source}", path.display()),
        )
        .remedy("tine fuzz -f FILE …     # another file for @@"),
        TargetError::InputIsTarget { path } => Finding::fails(
            Id::Arguments,
            format!("-f {} is the target itself", path.display()),
        )
        .remedy("tine fuzz -f FILE …     # a file that may be replaced"),
        TargetError::FileIsInput { .. } => Finding::fails(Id::Arguments, error.to_string())
            .remedy("tine fuzz -f FILE …     # a file that may be replaced"),
        TargetError::File(error) => Finding::fails(Id::File, error.to_string()),
        TargetError::LibraryOnly { .. } => Finding::fails(Id::Instrumented, error.to_string()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Input {
        path: path.display().to_string(),
        source,
    })
}
