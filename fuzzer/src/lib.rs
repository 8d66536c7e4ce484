//! An AFL-compatible fork-server fuzzer: the library behind the `tine` command.

use clap::Parser;
use std::{backtrace::BacktraceStatus, io::Write, panic::PanicHookInfo, process::ExitCode};

/// Says a sentence on standard error. Nobody may be listening.
macro_rules! say {
    ($($what:tt)*) => {{
        use ::std::io::Write as _;
        let _ = ::std::writeln!(
            ::std::io::stderr(),
            "tine: {}",
            $crate::report::text::Shown(::std::format_args!($($what)*))
        );
    }};
}

mod api;
mod campaign;
mod cli;
mod commands;
mod engine;
mod environment;
mod few_edges;
mod modules;
mod processes;
mod report;
mod subscribers;
mod target;
mod ui;

pub use api::{
    Campaign, Compile, Edges, End, Error, Event, Fault, Outcome, Program, Progress, Report,
    Sanitizer, Target, compile,
};
use tine_exchange as exchange;

/// Every error ends like this; 2 would mean a crash in `tine showmap`.
const FAILURE: u8 = 1;

/// The `tine` command. It changes what belongs to the whole process (signals, the panic
/// hook) and is for the program's own `main` alone.
#[doc(hidden)]
pub fn cli_main() -> ExitCode {
    tine_controller::inherited::settle_signals();
    std::panic::set_hook(Box::new(report_bug));
    // `tine demo` gives tine the compiler wrapper's name where only tine was built.
    let name = std::env::args_os().next();
    if let Some(language) = name.as_deref().and_then(tine_instrument::Language::of_name) {
        return tine_instrument::main(language);
    }
    tine_instrument::ensure_cxx_link();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return answer(&error),
    };
    let variables = environment::Variables::of_process();
    let words: Vec<_> = std::env::args_os().collect();
    let result = match cli.command {
        cli::Command::Fuzz(args) => {
            commands::fuzz::run(&args, &variables, &words).map_err(|error| error.to_string())
        }
        cli::Command::Showmap(args) => {
            commands::showmap::run(&args, &variables).map_err(|error| error.to_string())
        }
        cli::Command::Cmin(args) => {
            commands::cmin::run(&args, &variables).map_err(|error| error.to_string())
        }
        cli::Command::Tmin(args) => {
            commands::tmin::run(&args, &variables).map_err(|error| error.to_string())
        }
        cli::Command::Trace(args) => {
            commands::trace::run(&args, &variables).map_err(|error| error.to_string())
        }
        cli::Command::Doctor(args) => {
            commands::doctor::run(&args, &variables).map_err(|error| error.to_string())
        }
        cli::Command::Status(args) => {
            commands::status::run(&args).map_err(|error| error.to_string())
        }
        cli::Command::Demo(args) => {
            commands::demo::run(&args, &variables, &words).map_err(|error| error.to_string())
        }
    };
    result.unwrap_or_else(|error| {
        say!("{error}");
        FAILURE.into()
    })
}

/// Prints what was asked for, or says in a sentence what is wrong with the
/// command line.
fn answer(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            match error.print() {
                // A reader that is gone has seen enough.
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    say!("cannot write standard output: {error}");
                }
                _ => return ExitCode::SUCCESS,
            }
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
        }
        _ => {
            let words: Vec<_> = std::env::args_os().collect();
            say!("{}", cli::sentence(error, &words));
        }
    }
    FAILURE.into()
}

/// A panic is a mistake in tine, not the user's: one sentence says so.
fn report_bug(panic: &PanicHookInfo<'_>) {
    let what = panic.payload_as_str().unwrap_or("no message");
    let mut stderr = std::io::stderr().lock();
    let _ = write!(
        stderr,
        "tine: this is a bug in tine, please report it: {what}"
    );
    if let Some(place) = panic.location() {
        let _ = write!(stderr, " ({}:{})", place.file(), place.line());
    }
    let _ = writeln!(stderr);
    // Captured only if RUST_BACKTRACE asks for it.
    let backtrace = std::backtrace::Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = writeln!(stderr, "{backtrace}");
    }
}
