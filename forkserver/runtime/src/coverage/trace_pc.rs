//! Where gcc's blocks are counted: `-fsanitize-coverage=trace-pc` calls back at each of
//! them, in each module its own callback (`block`).

use super::modules;
use core::sync::atomic::{AtomicPtr, Ordering};
use tine_ipc::shm::Segment;
use tine_protocol::layout::{coverage::DEFAULT_MAP_SIZE, module::Module};

core::arch::global_asm!(
    ".pushsection .tbss.tine_previous_block, \"awT\", @nobits",
    ".p2align 3",
    ".type tine_previous_block, @tls_object",
    ".size tine_previous_block, 8",
    "tine_previous_block: .zero 8",
    ".popsection",
    ".pushsection .text.tine_previous_block, \"ax\", @progbits",
    // The program's thread-local variables are as far from the base of each thread.
    ".globl tine_previous_offset",
    ".hidden tine_previous_offset",
    ".type tine_previous_offset, @function",
    "tine_previous_offset:",
    "mov rax, qword ptr [rip + tine_previous_block@GOTTPOFF]",
    "ret",
    ".size tine_previous_offset, . - tine_previous_offset",
    ".globl tine_reset_previous_block",
    ".hidden tine_reset_previous_block",
    ".type tine_reset_previous_block, @function",
    "tine_reset_previous_block:",
    "mov rcx, qword ptr [rip + tine_previous_block@GOTTPOFF]",
    "mov qword ptr fs:[rcx], 0",
    "ret",
    ".size tine_reset_previous_block, . - tine_reset_previous_block",
    // The program never goes.
    ".globl tine_leave",
    ".hidden tine_leave",
    ".type tine_leave, @function",
    "tine_leave: ret",
    ".size tine_leave, . - tine_leave",
    ".popsection",
);

unsafe extern "C" {
    safe fn tine_previous_offset() -> usize;
    fn tine_reset_previous_block();
    static tine_module: Module;
}

/// Where blocks are counted; null while they are not.
static MAP: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// The program's own record.
pub(super) fn program() -> &'static Module {
    // SAFETY: defined in `block`, as the type says, and made of atomics.
    unsafe { &tine_module }
}

/// Tells a module where its blocks are counted. The program's identity is 0.
pub(super) fn join(module: &Module, identity: u64) {
    let header = module.header.load(Ordering::Relaxed);
    let key = (identity as usize).wrapping_sub(header);
    module.key.store(key, Ordering::Relaxed);
    module
        .previous
        .store(tine_previous_offset(), Ordering::Relaxed);
    // Last: with it the callback looks at the others.
    module
        .map
        .store(MAP.load(Ordering::Relaxed), Ordering::Release);
}

/// Returns whether blocks are counted.
pub(super) fn is_counting() -> bool {
    !MAP.load(Ordering::Relaxed).is_null()
}

/// Counts in `segment` from now on, from `start` on, where there are as many bytes as a
/// hash has values. It stays attached.
pub(super) fn count_in(segment: Segment, start: usize) {
    count_at(segment.base().wrapping_add(start));
    core::mem::forget(segment);
}

pub(super) fn clear() {
    let map = MAP.load(Ordering::Relaxed);
    if !map.is_null() {
        // SAFETY: the segment, which has at least this many bytes.
        unsafe { core::ptr::write_bytes(map, 0, DEFAULT_MAP_SIZE) };
    }
    reset_previous();
}

/// The first counter that is not 0.
pub(super) fn first() -> Option<*mut u8> {
    let map = MAP.load(Ordering::Relaxed);
    if map.is_null() {
        return None;
    }
    // SAFETY: as in `clear`.
    let taken = |index: &usize| unsafe { map.add(*index).read_volatile() } != 0;
    let index = (0..DEFAULT_MAP_SIZE).find(taken)?;
    Some(map.wrapping_add(index))
}

pub(super) fn detach() {
    count_at(core::ptr::null_mut());
}

fn count_at(map: *mut u8) {
    MAP.store(map, Ordering::Relaxed);
    join(program(), 0);
    for module in modules::records() {
        module.map.store(map, Ordering::Relaxed);
    }
}

/// The next block has no block before it.
pub(super) fn reset_previous() {
    // SAFETY: the function above writes the thread's own variable.
    unsafe { tine_reset_previous_block() };
}
