//! Shared-memory input: `__AFL_FUZZ_TESTCASE_BUF` and `__AFL_FUZZ_TESTCASE_LEN`.

use crate::environment;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use tine_ipc::shm::Segment;
use tine_protocol::{
    env,
    layout::input::{DATA_OFFSET, LENGTH_OFFSET, REJECTIONS_OFFSET},
};

/// First byte of the input if it comes through shared memory, otherwise null.
#[unsafe(no_mangle)]
pub static __afl_fuzz_ptr: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// Where the length of the input stands, in bytes. Never null: outside a fork server the
/// macros store the length here themselves.
#[unsafe(no_mangle)]
pub static __afl_fuzz_len: AtomicPtr<u32> = AtomicPtr::new(OWN_LENGTH.as_ptr());

/// The length when no segment is there.
static OWN_LENGTH: AtomicU32 = AtomicU32::new(0);

// The target defines `__afl_sharedmem_fuzzing` if it uses __AFL_FUZZ_INIT().
// A slot that holds the address of a weak symbol tells, whatever the linker.
core::arch::global_asm!(
    ".weak __afl_sharedmem_fuzzing",
    ".pushsection .data.rel.ro.tine_sharedmem, \"aw\", @progbits",
    ".p2align 3",
    ".globl tine_sharedmem_flag",
    ".hidden tine_sharedmem_flag",
    ".type tine_sharedmem_flag, @object",
    ".size tine_sharedmem_flag, 8",
    "tine_sharedmem_flag: .quad __afl_sharedmem_fuzzing",
    ".popsection",
);

unsafe extern "C" {
    static tine_sharedmem_flag: *const i32;
}

/// Attaches the input segment if the target can use one and the controller
/// offers one.
pub(crate) fn attach() -> Option<Segment> {
    // SAFETY: the slot is defined above; the dynamic linker filled it in before
    // any constructor ran.
    let flag = unsafe { (&raw const tine_sharedmem_flag).read_volatile() };
    // SAFETY: a non-null slot points to the target's int.
    if flag.is_null() || unsafe { flag.read_volatile() } == 0 {
        return None;
    }
    Segment::attach(environment::number(env::INPUT_SHM_ID)?).ok()
}

/// Points the macros at the segment, which stays attached for good.
pub(crate) fn publish(segment: Segment) {
    let base = segment.base();
    __afl_fuzz_len.store(base.wrapping_add(LENGTH_OFFSET).cast(), Ordering::Relaxed);
    __afl_fuzz_ptr.store(base.wrapping_add(DATA_OFFSET), Ordering::Relaxed);
    if segment.size() >= REJECTIONS_OFFSET + size_of::<u32>() {
        REJECTIONS.store(
            base.wrapping_add(REJECTIONS_OFFSET).cast(),
            Ordering::Relaxed,
        );
    }
    core::mem::forget(segment);
}

/// Where rejected inputs are counted, if the segment has room for it.
static REJECTIONS: AtomicPtr<AtomicU32> = AtomicPtr::new(core::ptr::null_mut());

/// Counts an input that the harness rejected.
pub(crate) fn count_rejection() {
    // SAFETY: null, or a word of the segment, which stays attached; others only read and
    // write it as a whole.
    if let Some(rejections) = unsafe { REJECTIONS.load(Ordering::Relaxed).as_ref() } {
        rejections.fetch_add(1, Ordering::Relaxed);
    }
}
