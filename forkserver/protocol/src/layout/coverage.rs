//! The coverage segment: one `u8` counter an edge.
//!
//! The children write it, the controller reads and clears it. Its size in use
//! is the map size of the handshake; the segment may be larger.

/// Map size of a runtime that says none, in bytes.
pub const DEFAULT_MAP_SIZE: usize = 65_536;

/// Size that a controller allots before it knows the map size, in bytes. afl-fuzz
/// does the same, so that a restart is rarely needed.
pub const FIRST_MAP_SIZE: usize = 8 * 1024 * 1024;

/// The largest map that a controller accepts, in bytes: beyond this a map size
/// is taken for garbage.
pub const MAX_MAP_SIZE: usize = 1 << 30;

/// Maps are used in multiples of this many bytes.
pub const MAP_ALIGN: usize = 64;

/// A module's counters start at a multiple of this many bytes in the segment,
/// because the runtime maps them page by page.
pub const PAGE_SIZE: usize = 4096;

/// Section of clang's inline counters.
pub const COUNTERS: &str = "__sancov_cntrs";

/// Section that begins with the page after the counters, where `tine-cc` gives the
/// linker an object file in place of a linker-script fragment. Some linkers put sections
/// that they do not know in the order in which they met them, others by their names:
/// by either order this one follows [`COUNTERS`].
pub const AFTER_COUNTERS: &str = "__sancov_cntrs_end";

/// Symbol in [`AFTER_COUNTERS`] that the linker is asked for, so that it keeps the section.
pub const KEEP_AFTER_COUNTERS: &str = "tine_counters_end";

/// Stands right after a module's last counter (`tine-cc`'s linker-script fragment puts it
/// there), or at the beginning of the next page (its object file does): it proves that
/// the counters have pages of their own.
pub const SECTION_MARK: u64 = 0x7365_6761_705f_656e;
