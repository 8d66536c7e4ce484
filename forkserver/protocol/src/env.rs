//! Names of the environment variables that the two sides agree on.
//!
//! The constants are C strings because the runtime looks them up with `getenv`
//! before it may allocate; [`name`] gives the same as `&str`.

use core::ffi::CStr;

/// Id of the coverage segment, in decimal. Its bytes with the terminating NUL
/// are also how a fuzzer recognises an instrumented binary.
pub const COVERAGE_SHM_ID: &CStr = c"__AFL_SHM_ID";

/// Id of the input segment, in decimal ([`crate::layout::input`]).
pub const INPUT_SHM_ID: &CStr = c"__AFL_SHM_FUZZ_ID";

/// Size of the input segment in bytes, in decimal. Only controllers that speak
/// v1 set it (AFL++ 4.40c, LibAFL), so its absence beside [`INPUT_SHM_ID`] tells
/// an older AFL++.
pub const INPUT_SHM_SIZE: &CStr = c"__AFL_SHM_FUZZ_MAP_SIZE";

/// Id of the compare-log segment, in decimal ([`crate::layout::cmplog`]). Set only
/// for a process that is to log its comparisons.
pub const CMPLOG_SHM_ID: &CStr = c"__AFL_CMPLOG_SHM_ID";

/// Id of tine's control page, in decimal ([`crate::layout::control`]). Offered
/// by tine's controller only; a runtime that does not know it speaks plain v1.
pub const CONTROL_PAGE_SHM_ID: &CStr = c"__TINE_CONTROL_SHM_ID";

/// A word that no other fork server has. Nobody reads it: the controller finds the
/// target's processes by it, wherever they went.
pub const SERVER_TOKEN: &CStr = c"__TINE_SERVER_TOKEN";

/// Size of the coverage segment in bytes, in decimal. AFL++'s runtime refuses
/// to map more counters than this.
pub const MAP_SIZE: &CStr = c"AFL_MAP_SIZE";

/// Set to 1 when the target has a persistent loop.
pub const PERSISTENT: &CStr = c"__AFL_PERSISTENT";

/// Set to 1 when the target starts the fork server itself, with `__AFL_INIT()`.
pub const DEFERRED: &CStr = c"__AFL_DEFER_FORKSRV";

/// Offset in the coverage segment of the word by which afl-fuzz 5.x and a persistent
/// child wake each other. A runtime that finds it waits for that word instead of
/// stopping itself, so a controller that does not serve the word must not pass it on.
pub const CHILD_SYNC_SHM: &CStr = c"AFL_CHILD_SYNC_SHM";

/// Variables by which a controller speaks to a runtime. Those that it does not set itself
/// are removed from a target's environment: the controller may run inside another fuzzer's
/// target.
pub const SET_BY_CONTROLLERS: [&CStr; 9] = [
    COVERAGE_SHM_ID,
    INPUT_SHM_ID,
    INPUT_SHM_SIZE,
    CMPLOG_SHM_ID,
    CONTROL_PAGE_SHM_ID,
    SERVER_TOKEN,
    PERSISTENT,
    DEFERRED,
    CHILD_SYNC_SHM,
];

/// Set by the user: children take the whole way through `exit`, also where it
/// makes no difference.
pub const FULL_EXIT: &CStr = c"TINE_FULL_EXIT";

/// Set by the user: the runtime explains on stderr what it does.
pub const DEBUG: &CStr = c"AFL_DEBUG";

/// The same name as a `&str`.
#[must_use]
pub const fn name(variable: &'static CStr) -> &'static str {
    match variable.to_str() {
        Ok(name) => name,
        Err(_) => panic!("environment names are ASCII"),
    }
}
