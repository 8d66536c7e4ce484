//! What a session is begun with: everything that can be found wrong before the output
//! folder is written to.

use super::{
    affinity::{self, Placement},
    custom,
    error::FuzzError,
    import::LONGEST_RUN,
    input_file::InputFile,
    redqueen::start::Logger,
    sanitized::Sanitized,
    seeds,
    settings::{hang_limit, random_seed, remembered_inputs},
    strategy::Strategy,
};
use crate::{
    cli::FuzzArgs,
    engine::config::SeedSource,
    few_edges,
    report::{
        counted,
        folder::{Beginning, OutputFolder},
        metrics::{self, Metrics},
    },
    target::{self, Target},
};
use tine_controller::{ForkServer, Launch};

/// Everything that can be found wrong before the output folder is written to.
pub struct Prepared {
    pub seeds: Vec<seeds::Seed>,
    pub target: Target,
    pub placement: Placement,
    /// How many inputs of a persistent child are kept for a fault that takes them.
    pub remembered: usize,
    /// Mutators of the user's.
    pub custom: Option<custom::Shared>,
    pub server: ForkServer,
    pub sanitized: Option<Sanitized>,
    pub beside: Beside,
    pub strategy: Strategy,
    pub logger: Option<Logger>,
}

/// What lasts as long as the session.
pub type Beside = (InputFile, Option<Metrics>);

/// Looks at all of it, and starts the target.
///
/// # Errors
/// When something is wrong.
pub fn prepare(
    args: &FuzzArgs,
    folder: &OutputFolder,
    beginning: Beginning,
) -> Result<Prepared, FuzzError> {
    let mut seeds = match (&args.input, beginning) {
        (SeedSource::Folder(folder), Beginning::Fresh) => {
            seeds::load(folder, |flaw| say!("{flaw}"))?
        }
        _ => Vec::new(),
    };
    if target::is_set("AFL_SHUFFLE_QUEUE") {
        seeds::shuffle(&mut seeds, args.seed.unwrap_or_else(random_seed));
    }
    let paths = seeds.iter().map(|seed| seed.path.as_path());
    target::check_no_input(args.file.as_deref(), paths)?;
    let input_file = InputFile::choose(args, folder.path())?;
    // Before this thread is bound to a core: its threads are not.
    let metrics = args.metrics.map(|it| metrics::serve(it, &args.output));
    let metrics = metrics.transpose()?;
    if let Some(metrics) = &metrics {
        say!("figures at {}", metrics.url());
    }
    let limit = args.timeout.map_or(LONGEST_RUN, |timeout| timeout.limit);
    let prepare = if args.non_instrumented {
        target::prepare_unchecked
    } else {
        target::prepare
    };
    let mut target = prepare(
        &args.target,
        args.file.as_deref(),
        input_file.path(),
        limit,
        args.memory,
    )?;
    if args.non_instrumented {
        target.config.launch = Launch::Exec;
        if target.file.instrumented {
            let path = target.file.path.display();
            say!("{path} is instrumented: without -n its coverage leads to more");
        }
    }
    if target.file.custom_mutator {
        let path = target.file.path.display();
        say!(
            "{path} has LLVMFuzzerCustomMutator, which tine does not call: it mutates by itself, \
             and by libraries with AFL++'s functions (AFL_CUSTOM_MUTATOR_LIBRARY)"
        );
    }
    let remembered = remembered_inputs(args)?;
    let strategy = Strategy::new(&args.mutation)?;
    let placement = affinity::place(args.bind)?;
    if let Placement::NoneFree { allowed } = placement {
        say!(
            "other programs are bound to all {} that tine may use: it is not bound to one, and \
             will be slower than alone (-b CORE chooses one)",
            counted(allowed as u64, "core")
        );
    }
    let custom = custom::load(args.seed.unwrap_or_else(random_seed))?;
    let mut server = ForkServer::start(target.config.clone())?;
    let edges = server.info().edges;
    if few_edges::is_few(edges) {
        say!(
            "only {} in the target: {}; keep the branches: {}",
            counted(edges.unwrap_or_default() as u64, "edge"),
            few_edges::WHY,
            few_edges::REMEDY
        );
    }
    let mut logger = Logger::start(args, &target, input_file.path())?;
    if let Some(logger) = &mut logger {
        logger.check(&mut server, &target.file.path, &seeds, folder)?;
    }
    let longest = hang_limit()?.max(limit);
    let sanitized = Sanitized::start(args, input_file.path(), longest)?;
    Ok(Prepared {
        seeds,
        target,
        placement,
        remembered,
        custom,
        server,
        sanitized,
        beside: (input_file, metrics),
        strategy,
        logger,
    })
}
