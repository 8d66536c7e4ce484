//! `cargo xtask …`: what a developer runs besides cargo itself. Sets the machine
//! up, builds the real targets, runs every test, measures.

mod bench;
mod docs;
mod lab;
mod layout;
mod paths;
mod peers;
mod real;
mod record;
mod setup;
mod shell;
mod soak;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Bring what the tests need: system packages (apt-get, as root or with sudo), AFL++ 4.40c
    Setup,
    /// Everything: set-up, formatting, lints, build, real targets, all tests
    Test {
        /// Passed on to `cargo test --workspace`, for example the name of a test
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Fetch and build the real targets of targets/real
    Real(RealArgs),
    /// Write the parts of the documentation that are generated
    Docs {
        /// Write nothing; fail where a part is out of date
        #[arg(long)]
        check: bool,
    },
    /// Check that crates and files use each other only as they should
    Layout,
    /// Check a fork server or a controller that you wrote for the lab
    #[command(subcommand)]
    Lab(lab::Lab),
    /// Kill fuzzers and fork servers at random moments, many times; run more instances than cores
    Soak(soak::Soak),
    /// Record real handshakes for forkserver/protocol/testdata
    Record,
    /// Conformance and speed against the AFL++ of Debian's unstable suite, in a root of its own
    Peers(peers::Args),
    /// Build docs/ as a book, with mdBook
    Book,
    /// Measure
    #[command(subcommand)]
    Bench(bench::Bench),
}

#[derive(clap::Args)]
struct RealArgs {
    /// Targets to build (all of them when none is named)
    names: Vec<String>,
    /// The compiler to build with; tine-cc from this workspace by default
    #[arg(long, value_name = "PATH")]
    cc: Option<PathBuf>,
    /// Name of the folder below target/real for what this compiler builds
    #[arg(long)]
    label: Option<String>,
    /// List the targets, build nothing
    #[arg(long)]
    list: bool,
    /// Print the built programs as JSON on stdout
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    // Steps wait for their children, and tests for theirs.
    tine_controller::inherited::settle_signals();
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Setup => setup::run()?,
        Task::Test { arguments } => return test::run(&arguments),
        Task::Real(args) => real_targets(args)?,
        Task::Docs { check } => docs::run(check)?,
        Task::Layout => layout::run()?,
        Task::Lab(lab) => lab::run(&lab)?,
        Task::Soak(soak) => soak::run(&soak)?,
        Task::Record => record::run()?,
        Task::Peers(args) => peers::run(&args)?,
        Task::Book => println!("{}", docs::book::build()?.display()),
        Task::Bench(bench) => bench::run(bench)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn real_targets(args: RealArgs) -> anyhow::Result<()> {
    let catalogue = real::Catalogue::load()?;
    if args.list {
        for target in &catalogue.targets {
            println!("{:8} {}", target.name, target.about);
        }
        return Ok(());
    }
    // A wrong name is better known before a compiler is built.
    catalogue.select(&args.names)?;
    let compiler = match args.cc {
        Some(cc) => real::Compiler::at(&cc, args.label)?,
        None => real::Compiler::tine_cc(args.label)?,
    };
    let programs = real::build(&catalogue, &args.names, &compiler)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&programs)?);
    } else {
        for program in &programs {
            println!("{}", program.path.display());
        }
    }
    Ok(())
}
