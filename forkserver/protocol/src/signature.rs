//! Byte strings that a fuzzer looks for in a target's file, with their
//! terminating NUL, to learn what the target can do before it is started.

/// The target calls `__AFL_LOOP`.
pub const PERSISTENT: &[u8] = b"##SIG_AFL_PERSISTENT##\0";

/// The target calls `__AFL_INIT`.
pub const DEFERRED: &[u8] = b"##SIG_AFL_DEFER_FORKSRV##\0";

/// The target is instrumented: it carries the name of the variable that it
/// looks up.
pub const INSTRUMENTED: &[u8] = b"__AFL_SHM_ID\0";

/// A shared object is instrumented: `tine-cc` linked it. Its runtime is in the program.
pub const MODULE: &[u8] = b"##SIG_TINE_MODULE##\0";

/// The target can log its comparisons: `tine-cc --cmplog` linked it. AFL++ marks
/// such binaries in no way.
pub const CMPLOG: &[u8] = b"##SIG_TINE_CMPLOG##\0";
