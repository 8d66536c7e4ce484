//! Words and functions that a module and the runtime in the program share.
//!
//! A module is the program itself, or a shared object that `tine-cc` linked. Each has a
//! [`Module`] of its own, which its callbacks read and the runtime fills in. A shared
//! object's constructor finds the runtime by its [`MARK`], which no option of a linker
//! takes away as it does names.

use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize};

/// Code of the runtime's constructor, which the program lists among its own: a jump over
/// what follows, a text that no other constructor has, and its version. Behind it, 4
/// bytes say how far the [`Runtime`] is from where they lie themselves.
pub const MARK: [u8; 20] = *b"\xf3\x0f\x1e\xfa\xeb\x12tine-runtime-1";

/// Bytes of the distance behind the mark.
pub const DISTANCE: usize = 4;

/// Words for the callbacks of a module. They are zero until the module has joined
/// the runtime. The first ones share a cache line: each basic block of gcc's reads them.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Module {
    /// Runtime: where gcc's blocks are counted; null while they are not.
    pub map: AtomicPtr<u8>,
    /// Runtime: what is added to the address of a block before it is hashed, so that the
    /// result depends on the module and the place in it alone.
    pub key: AtomicUsize,
    /// Runtime: where each thread keeps its previous block, as a distance from the
    /// thread's own base address.
    pub previous: AtomicUsize,
    /// Runtime: a table of [`Callback`]s of the compare log, if there is one.
    pub callbacks: AtomicPtr<Callback>,
    /// Runtime: what hooked routines go to first, if there is a compare log.
    pub hook: AtomicPtr<u8>,
    /// Runtime: not 0 if callbacks of the compare log are to be called. clang's code reads
    /// it, by a name of clang's.
    pub gate: AtomicU64,
    /// Module: the runtime that it has joined, or null.
    pub runtime: AtomicPtr<Runtime>,
    /// Linker: address of the module's ELF header, or 0.
    pub header: AtomicUsize,
    /// Linker: the function that takes leave when the module is unloaded, or 0.
    pub leave: AtomicUsize,
    /// Linker: not 0 if gcc's blocks call back here.
    pub blocks: AtomicUsize,
}

/// A callback of the compare log, called with a compiler's own arguments.
pub type Callback = unsafe extern "C" fn();

/// Functions of the runtime for modules.
#[repr(C)]
#[derive(Debug)]
pub struct Runtime {
    /// A module is there. Its constructor calls it before any other.
    pub join: unsafe extern "C" fn(&'static Module),
    /// A module goes. Nothing of it may be touched from then on.
    pub leave: unsafe extern "C" fn(&'static Module),
    /// The counters of a module that has joined lie from `start` to before `stop`.
    pub counters: unsafe extern "C" fn(module: &'static Module, start: usize, stop: usize),
    /// `__AFL_INIT()`.
    pub manual_init: extern "C" fn(),
}

/// Callbacks of the compare log in the order of their table, by the names that compilers
/// have for them.
pub const CALLBACKS: [&str; 11] = [
    "__sanitizer_cov_trace_cmp1",
    "__sanitizer_cov_trace_cmp2",
    "__sanitizer_cov_trace_cmp4",
    "__sanitizer_cov_trace_cmp8",
    "__sanitizer_cov_trace_const_cmp1",
    "__sanitizer_cov_trace_const_cmp2",
    "__sanitizer_cov_trace_const_cmp4",
    "__sanitizer_cov_trace_const_cmp8",
    "__sanitizer_cov_trace_cmpf",
    "__sanitizer_cov_trace_cmpd",
    "__sanitizer_cov_trace_switch",
];

// The callbacks are written in assembly language.
const _: () = {
    assert!(core::mem::offset_of!(Module, map) == 0);
    assert!(core::mem::offset_of!(Module, key) == 8);
    assert!(core::mem::offset_of!(Module, previous) == 16);
    assert!(core::mem::offset_of!(Module, callbacks) == 24);
    assert!(core::mem::offset_of!(Module, hook) == 32);
    assert!(core::mem::offset_of!(Module, gate) == 40);
    assert!(core::mem::offset_of!(Module, runtime) == 48);
    assert!(core::mem::offset_of!(Module, header) == 56);
    assert!(core::mem::offset_of!(Module, leave) == 64);
    assert!(core::mem::offset_of!(Module, blocks) == 72);
    assert!(size_of::<Module>() == 128);
    assert!(core::mem::offset_of!(Runtime, manual_init) == 24);
};
