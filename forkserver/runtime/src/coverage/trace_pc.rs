//! gcc's `-fsanitize-coverage=trace-pc`: a call at each basic block.
//!
//! The edge is the hash of the block's address, relative to the program's load
//! address, xor the (shifted) hash of the block before, as in AFL. Counters go
//! from 255 to 1, not to 0.

use core::sync::atomic::{AtomicPtr, Ordering};
use tine_ipc::shm::Segment;
use tine_protocol::layout::coverage::DEFAULT_MAP_SIZE;

/// Where blocks are counted; null while no segment is there. The callback reads it.
#[unsafe(no_mangle)]
static tine_trace_map: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

// The callback sits on every basic block, so it is written for its length. It
// may use the registers that any call may clobber. 0x9e37… is 2^64 divided by
// the golden ratio: the product's high bits depend on all bits of the address.
#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".pushsection .tbss.tine_previous_block, \"awT\", @nobits",
    ".p2align 3",
    ".type tine_previous_block, @tls_object",
    ".size tine_previous_block, 8",
    "tine_previous_block: .zero 8",
    ".popsection",
    ".hidden __ehdr_start",
    ".pushsection .text.tine_trace_pc, \"ax\", @progbits",
    ".globl __sanitizer_cov_trace_pc",
    ".type __sanitizer_cov_trace_pc, @function",
    "__sanitizer_cov_trace_pc:",
    // First of all: resolvers of indirect functions run before the program is
    // relocated, and in static programs before there is thread-local storage.
    "mov rsi, qword ptr [rip + tine_trace_map]",
    "test rsi, rsi",
    "je 9f",
    "mov rax, qword ptr [rsp]",
    "lea rcx, [rip + __ehdr_start]",
    "sub rax, rcx",
    "movabs rcx, 0x9e3779b97f4a7c15",
    "imul rax, rcx",
    "shr rax, 48",
    "mov rcx, qword ptr [rip + tine_previous_block@GOTTPOFF]",
    "mov rdx, rax",
    "xor rax, qword ptr fs:[rcx]",
    "shr rdx",
    "mov qword ptr fs:[rcx], rdx",
    "add byte ptr [rsi + rax], 1",
    "adc byte ptr [rsi + rax], 0",
    "9: ret",
    ".size __sanitizer_cov_trace_pc, . - __sanitizer_cov_trace_pc",
    ".globl tine_reset_previous_block",
    ".hidden tine_reset_previous_block",
    ".type tine_reset_previous_block, @function",
    "tine_reset_previous_block:",
    "mov rcx, qword ptr [rip + tine_previous_block@GOTTPOFF]",
    "mov qword ptr fs:[rcx], 0",
    "ret",
    ".size tine_reset_previous_block, . - tine_reset_previous_block",
    ".popsection",
);

#[cfg(not(target_arch = "x86_64"))]
compile_error!("tine's runtime is written for x86_64");

unsafe extern "C" {
    fn tine_reset_previous_block();
}

/// Counts in `segment` from now on, if it is large enough; it stays attached.
pub(super) fn map(segment: Segment) -> u32 {
    if segment.size() >= DEFAULT_MAP_SIZE {
        tine_trace_map.store(segment.base(), Ordering::Relaxed);
        core::mem::forget(segment);
    }
    reset_previous();
    DEFAULT_MAP_SIZE as u32
}

pub(super) fn clear() {
    let map = tine_trace_map.load(Ordering::Relaxed);
    if !map.is_null() {
        // SAFETY: the segment, which has at least this many bytes.
        unsafe { core::ptr::write_bytes(map, 0, DEFAULT_MAP_SIZE) };
    }
    reset_previous();
}

/// The first counter that is not 0.
pub(super) fn first() -> Option<*mut u8> {
    let map = tine_trace_map.load(Ordering::Relaxed);
    // SAFETY: as in `clear`.
    let taken = |index: &usize| unsafe { map.add(*index).read_volatile() } != 0;
    (0..DEFAULT_MAP_SIZE)
        .find(taken)
        .map(|index| map.wrapping_add(index))
}

pub(super) fn detach() {
    tine_trace_map.store(core::ptr::null_mut(), Ordering::Relaxed);
}

/// The next block has no block before it.
pub(super) fn reset_previous() {
    // SAFETY: the function above writes the thread's own variable.
    unsafe { tine_reset_previous_block() };
}
