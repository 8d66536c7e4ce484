//! From the constructor to the fork server.

use crate::{
    allocator, cmplog, connected, coverage, dictionary, environment, exit, input, server, trace,
};
use core::sync::atomic::{AtomicBool, Ordering};
use tine_ipc::{pipe, process, shm::Segment};
use tine_protocol::{
    TargetError, env,
    handshake::runtime::{Dialect, Offer},
    layout::control::{self, ControlPage},
    options::OldOptions,
};

static STARTED: AtomicBool = AtomicBool::new(false);
/// The controller is tine's.
static SERVES_TINE: AtomicBool = AtomicBool::new(false);

/// Returns whether the target starts the server itself, with `__AFL_INIT()`.
pub(crate) fn is_deferred() -> bool {
    environment::is_set(env::DEFERRED)
}

/// Returns whether the controller is tine's.
pub(crate) fn serves_tine() -> bool {
    SERVES_TINE.load(Ordering::Relaxed)
}

/// Attaches what the controller offers and becomes the fork server. Returns in
/// each child; or at once if there is no fuzzer, or if it was called before.
pub(crate) fn start() {
    if !environment::is_set(env::COVERAGE_SHM_ID) || STARTED.swap(true, Ordering::Relaxed) {
        return;
    }
    let dialect = dialect();
    let page = control_page();
    let attached = attach_coverage(dialect, page).and_then(|size| Ok((size, cmplog::attach()?)));
    let (map_size, has_cmplog) = match attached {
        Ok(attached) => attached,
        Err(error) => return give_up(error, dialect),
    };
    let input = input::attach();
    if let Some(page) = page {
        page.edges
            .store(coverage::counters(page), Ordering::Relaxed);
    }
    let dictionary = dictionary::tokens();
    let offer = Offer {
        map_size,
        shm_input: input.is_some(),
        control_page: page.is_some(),
        dictionary: dictionary.len() as u32,
        cmplog: has_cmplog,
    };
    let guarded = page.is_some_and(server::is_guarded);
    let Some(agreement) = server::shake(offer, dictionary, dialect, guarded) else {
        trace::debug("nobody reads the status pipe: running without a fork server");
        return cmplog::start();
    };
    if let (true, Some(segment)) = (agreement.shm_input, input) {
        input::publish(segment);
    }
    // Before the first fork, so that no child has to do it.
    connected::set();
    allocator::set_up();
    exit::shorten();
    cmplog::start();
    SERVES_TINE.store(agreement.control_page, Ordering::Relaxed);
    server::serve(agreement, page.filter(|_| agreement.control_page));
}

/// The dialect that the controller's environment calls for.
fn dialect() -> Dialect {
    Dialect::of_controller(
        environment::is_set(env::CONTROL_PAGE_SHM_ID),
        environment::is_set(env::INPUT_SHM_ID),
        environment::is_set(env::INPUT_SHM_SIZE),
    )
}

/// Puts the counters into the coverage segment. Returns the size of the map in
/// bytes.
fn attach_coverage(dialect: Dialect, page: Option<&ControlPage>) -> Result<u32, TargetError> {
    // AFL++ built for mmap gives a name here instead of a number.
    let id = environment::number(env::COVERAGE_SHM_ID).ok_or(TargetError::ShmOpen)?;
    let segment = Segment::attach(id).map_err(|_| TargetError::ShmAttach)?;
    let room = segment.size();
    let limit = match dialect {
        Dialect::V1 => usize::MAX,
        Dialect::Options => OldOptions::MAX_MAP_SIZE as usize,
    };
    let map_size = coverage::map(segment, limit, page)?;
    let tellable = dialect == Dialect::V1 || map_size <= OldOptions::MAX_MAP_SIZE;
    if !tellable && map_size as usize > room {
        // The controller can't learn from the options how much it takes.
        return Err(TargetError::MapSize);
    }
    Ok(map_size)
}

/// The control page, if the controller offers one of a layout that we know. It
/// stays attached for good.
fn control_page() -> Option<&'static ControlPage> {
    let segment = Segment::attach(environment::number(env::CONTROL_PAGE_SHM_ID)?).ok()?;
    let segment: &'static Segment = leak(segment);
    segment.keep_from_children();
    // SAFETY: ControlPage is repr(C) and consists of atomics only.
    let page = unsafe { segment.atomics::<ControlPage>(0) }?;
    let known = page.magic.load(Ordering::Relaxed) == control::MAGIC
        && page.version.load(Ordering::Relaxed) == control::VERSION;
    known.then_some(page)
}

/// Keeps the only control page attached as long as the process lives, without
/// an allocator.
fn leak(segment: Segment) -> &'static Segment {
    struct Slot(core::cell::UnsafeCell<Option<Segment>>);
    // SAFETY: written once, below, before any other thread can know of it.
    unsafe impl Sync for Slot {}
    static SLOT: Slot = Slot(core::cell::UnsafeCell::new(None));
    // SAFETY: `start` runs this once (STARTED), so no other reference exists.
    unsafe { &mut *SLOT.0.get() }.insert(segment)
}

/// Tells the controller why there is no fork server, and ends; or, where nobody
/// listens, lets the program run.
fn give_up(error: TargetError, dialect: Dialect) {
    trace::debug(match error {
        TargetError::ShmAttach => "cannot attach the coverage segment",
        TargetError::ShmOpen => "__AFL_SHM_ID is not the number of a segment",
        TargetError::MapSize => "the coverage segment is too small: set AFL_MAP_SIZE",
        TargetError::OldCmplog => "the compare-log segment has an unknown size",
        TargetError::CountersNotAlone => "the counters share pages with other data",
        _ => "cannot map the counters",
    });
    let word = server::error_word(error, dialect);
    if pipe::send(server::STATUS, &word.to_ne_bytes()).is_ok() {
        process::exit_now(1);
    }
}
