//! The compare log: what the target's comparisons have for operands goes to a
//! segment, if the controller names one.
//!
//! ```text
//! callbacks   the compiler's, at each comparison and switch (-fsanitize-coverage=trace-cmp)
//! routines    from the hooks of tine-cc --cmplog, at each memcmp, strcmp …
//! memory      reads what a routine was given, without a fault
//! ```
//!
//! Without a segment a callback is one test of a word. Where the compiler can gate
//! the callbacks (clang 20 and later) there is not even a call.

mod callbacks;
mod memory;
mod routines;

use crate::{coverage, environment};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU16, AtomicU64, Ordering};
use tine_ipc::shm::Segment;
use tine_protocol::{
    TargetError, env,
    layout::{
        cmplog::{Header, Kind, Layout},
        module::Module,
    },
};

/// Where the log lies, or null. The callbacks read it.
#[unsafe(no_mangle)]
static tine_log_base: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// The segment, whether or not it is logged to.
static SEGMENT: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// Set if the segment has [`Layout::Options`].
static HAS_OPTIONS_LAYOUT: AtomicBool = AtomicBool::new(false);

/// A module is there, or the program's constructors are through: has its code call back
/// if there will be a log. Code looks at its gate when a function begins, so this is done
/// before `main`, also where the server starts later.
pub(crate) fn join(module: &Module) {
    if environment::is_set(env::CMPLOG_SHM_ID) {
        module.gate.store(1, Ordering::Relaxed);
        module
            .callbacks
            .store(callbacks::table(), Ordering::Relaxed);
        module.hook.store(routines::entry(), Ordering::Relaxed);
    }
}

/// Attaches the segment for good, if the controller names one. Nothing is logged yet.
/// Returns whether there is one.
pub(crate) fn attach() -> Result<bool, TargetError> {
    if !environment::is_set(env::CMPLOG_SHM_ID) {
        return Ok(false);
    }
    let id = environment::number(env::CMPLOG_SHM_ID).ok_or(TargetError::ShmOpen)?;
    let segment = Segment::attach(id).map_err(|_| TargetError::ShmAttach)?;
    let layout = Layout::of_segment(segment.size()).ok_or(TargetError::OldCmplog)?;
    HAS_OPTIONS_LAYOUT.store(layout == Layout::Options, Ordering::Relaxed);
    SEGMENT.store(segment.base(), Ordering::Relaxed);
    core::mem::forget(segment);
    memory::learn_places();
    Ok(true)
}

/// Logs from now on, if a segment is attached.
pub(crate) fn start() {
    let segment = SEGMENT.load(Ordering::Relaxed);
    tine_log_base.store(segment, Ordering::Relaxed);
}

/// Logs no more. What is logged stays.
pub(crate) fn stop() {
    tine_log_base.store(core::ptr::null_mut(), Ordering::Relaxed);
}

/// Forgets what was logged so far.
pub(crate) fn clear() {
    if let Some(log) = Log::current() {
        // SAFETY: the headers lie at the beginning of the segment, which has the
        // size of its layout.
        unsafe { core::ptr::write_bytes(log.base, 0, log.layout.headers_size()) };
    }
}

/// The segment that is logged to.
#[derive(Clone, Copy)]
struct Log {
    base: *mut u8,
    layout: Layout,
}

impl Log {
    fn current() -> Option<Self> {
        let base = tine_log_base.load(Ordering::Relaxed);
        let layout = if HAS_OPTIONS_LAYOUT.load(Ordering::Relaxed) {
            Layout::Options
        } else {
            Layout::V1
        };
        (!base.is_null()).then_some(Self { base, layout })
    }

    /// Counts another comparison at `site`. Returns where its operands go.
    fn enter(self, site: u16, kind: Kind, bytes: u8, attribute: u8) -> *mut u8 {
        let known = self.header(site).filter(|header| header.kind == kind);
        let hit = known.map_or(0, |header| header.hits);
        let hits = if hit < self.layout.max_hits() {
            hit + 1
        } else {
            // A count of 0 would say that nothing is logged. The ring stays full,
            // and goes on where it was.
            FULL_RING
        };
        let bytes = known.map_or(bytes, |header| header.bytes.max(bytes));
        self.set_header(
            site,
            Header {
                hits,
                kind,
                bytes,
                attribute,
            },
        );
        // SAFETY: every site and every hit has its entry inside the segment.
        unsafe { self.base.add(self.layout.entry_offset(site, kind, hit)) }
    }

    fn header(self, site: u16) -> Option<Header> {
        // SAFETY: every site has its header inside the segment, aligned to its own
        // size because the segment begins with a page. It is one word, which the
        // controller and other threads read and write whole.
        let word = unsafe {
            let at = self.base.add(self.layout.header_offset(site));
            match self.layout {
                Layout::Options => AtomicU64::from_ptr(at.cast()).load(Ordering::Relaxed),
                Layout::V1 => AtomicU16::from_ptr(at.cast())
                    .load(Ordering::Relaxed)
                    .into(),
            }
        };
        self.layout.decode_header(word)
    }

    fn set_header(self, site: u16, header: Header) {
        let word = self.layout.encode_header(header);
        // SAFETY: as in `header`.
        unsafe {
            let at = self.base.add(self.layout.header_offset(site));
            match self.layout {
                Layout::Options => AtomicU64::from_ptr(at.cast()).store(word, Ordering::Relaxed),
                Layout::V1 => AtomicU16::from_ptr(at.cast()).store(word as u16, Ordering::Relaxed),
            }
        }
    }
}

/// A count of hits with which a ring of any length is full and begins anew.
const FULL_RING: u32 = 32;

/// The site of the code at `address`. Addresses count from the beginning of their module,
/// so that a site keeps its number wherever that is loaded.
fn site(address: usize) -> u16 {
    // 2^64 divided by the golden ratio: neighbours end up far from each other.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let number = coverage::number_of(address) as u64;
    (number.wrapping_mul(SPREAD) >> 48) as u16
}
