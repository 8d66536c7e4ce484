//! What a session is begun with: everything that can be found wrong before the output
//! folder is written to.

use super::{
    affinity::{self, Placement},
    config::{Config, LONGEST_RUN, SeedSource},
    custom,
    error::FuzzError,
    events::{Event, Events},
    input_file::InputFile,
    redqueen::start::Logger,
    sanitized::Sanitized,
    seeds,
    settings::random_seed,
    strategy::Strategy,
};
use crate::{
    few_edges,
    report::{
        counted,
        folder::{Beginning, OutputFolder},
    },
    target::{self, Target},
};
use tine_controller::{ForkServer, Launch};

/// Everything that can be found wrong before the output folder is written to.
pub struct Prepared {
    pub seeds: Vec<seeds::Seed>,
    pub target: Target,
    pub placement: Placement,
    /// Mutators of the user's.
    pub custom: Option<Box<custom::CustomMutators>>,
    pub server: ForkServer,
    pub sanitized: Option<Sanitized>,
    /// It lasts as long as the session.
    pub input_file: InputFile,
    pub strategy: Strategy,
    pub logger: Option<Logger>,
}

/// Looks at all of it, and starts the target.
///
/// # Errors
/// When something is wrong.
pub fn prepare(
    config: &Config,
    events: &mut Events,
    folder: &OutputFolder,
    beginning: Beginning,
) -> Result<Prepared, FuzzError> {
    let mut seeds = match (&config.seeds, beginning) {
        (SeedSource::Folder(folder), Beginning::Fresh) => {
            seeds::load(folder, |flaw| events.warn(format_args!("{flaw}")))?
        }
        _ => Vec::new(),
    };
    if config.shuffles_seeds {
        seeds::shuffle(&mut seeds, config.seed.unwrap_or_else(random_seed));
    }
    let paths = seeds.iter().map(|seed| seed.path.as_path());
    let program = &config.program;
    target::check_no_input(program.file.as_deref(), paths)?;
    let input_file = InputFile::choose(program, folder.path())?;
    // Before this thread is bound to a core: threads of subscribers are not.
    events.emit(&Event::Opened {
        output: &config.output,
    });
    events.check()?;
    let limit = program.timeout.unwrap_or(LONGEST_RUN);
    let prepare = if program.non_instrumented {
        target::prepare_unchecked
    } else {
        target::prepare
    };
    let mut target = prepare(
        &program.command,
        program.file.as_deref(),
        input_file.path(),
        limit,
        program.memory,
        &program.start,
    )?;
    if program.non_instrumented {
        target.config.launch = Launch::Exec;
        if target.file.instrumented {
            let path = target.file.path.display();
            events.warn(format_args!(
                "{path} is instrumented: without -n its coverage leads to more"
            ));
        }
    }
    if target.file.custom_mutator {
        let path = target.file.path.display();
        events.warn(format_args!(
            "{path} has LLVMFuzzerCustomMutator, which tine does not call: it mutates by itself, \
             and by libraries with AFL++'s functions (AFL_CUSTOM_MUTATOR_LIBRARY)"
        ));
    }
    let strategy = Strategy::new(&config.mutation);
    let placement = affinity::place(config.core, |error| {
        events.warn(format_args!("{error}; going on without a core"));
    })?;
    if let Placement::NoneFree { allowed } = placement {
        events.warn(format_args!(
            "other programs are bound to all {} that tine may use: it is not bound to one, and \
             will be slower than alone (-b CORE chooses one)",
            counted(allowed as u64, "core")
        ));
    }
    let custom = custom::load(
        &config.custom,
        config.seed.unwrap_or_else(random_seed),
        events,
    )?;
    let mut server = ForkServer::start(target.config.clone())?;
    let edges = server.info().edges;
    if few_edges::is_few(edges) {
        events.warn(format_args!(
            "only {} in the target: {}; keep the branches: {}",
            counted(edges.unwrap_or_default() as u64, "edge"),
            few_edges::WHY,
            few_edges::REMEDY
        ));
    }
    let mut logger = Logger::start(&config.compare, program, &target, input_file.path())?;
    if let Some(logger) = &mut logger {
        logger.check(&mut server, &target.file.path, &seeds, folder)?;
    }
    let longest = config.hang.max(limit);
    let sanitized = Sanitized::start(
        &config.sanitized,
        program,
        input_file.path(),
        longest,
        events,
    )?;
    Ok(Prepared {
        seeds,
        target,
        placement,
        custom,
        server,
        sanitized,
        input_file,
        strategy,
        logger,
    })
}
