//! `LLVMFuzzerMutate`: what libFuzzer offers to mutators of the user's. tine mutates by
//! itself and calls none; this is here for programs that call it: those link, and get
//! an input that is changed in one place.

#![no_std]

#[path = "../../../archive/src/memory.rs"]
mod memory;

use core::{
    ptr,
    sync::atomic::{AtomicU64, Ordering},
};

/// State of the generator. Each process begins with the same numbers.
static STATE: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);

/// Changes the first `size` bytes of `data` in one place: a bit, a byte, a number, or some
/// bytes more or fewer. Returns the new size, which is at most `max_size`.
///
/// # Safety
/// `data` has `max_size` bytes that may be written, of which the first `size` are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LLVMFuzzerMutate(data: *mut u8, size: usize, max_size: usize) -> usize {
    let size = size.min(max_size);
    let can_grow = size < max_size;
    let can_shrink = size > 1;
    if size == 0 {
        if !can_grow {
            return 0;
        }
        // SAFETY: there is room for a byte.
        unsafe { data.write(random() as u8) };
        return 1;
    }
    let place = below(size);
    // SAFETY: `place` is less than `size`.
    let at = unsafe { data.add(place) };
    match random() % 6 {
        0 => {
            // SAFETY: one of the bytes that are there.
            unsafe { at.write(at.read() ^ 1 << (random() % 8)) };
            size
        }
        1 => {
            // SAFETY: as above.
            unsafe { at.write(at.read().wrapping_add(1 + below(255) as u8)) };
            size
        }
        2 => {
            const NUMBERS: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'0', b' ', b'\n'];
            let number = NUMBERS
                .get(below(NUMBERS.len()))
                .copied()
                .unwrap_or_default();
            // SAFETY: as above.
            unsafe { at.write(number) };
            size
        }
        3 if can_shrink => {
            let count = 1 + below((size - place).min(size - 1));
            // SAFETY: the bytes behind the `count` at `place` move to their place; all
            // of them are there.
            unsafe { ptr::copy(at.add(count), at, size - place - count) };
            size - count
        }
        4 if can_grow => {
            let count = 1 + below((max_size - size).min(size).min(128));
            // SAFETY: the bytes from `place` on move up by `count`, for which there is
            // room; what is left between is what stood there, or new.
            unsafe {
                ptr::copy(at, at.add(count), size - place);
                for index in 0..count {
                    at.add(index).write(random() as u8);
                }
            }
            size + count
        }
        _ => {
            let count = 1 + below(size - place);
            let from = below(size - count + 1);
            // SAFETY: both are `count` bytes among those that are there.
            unsafe { ptr::copy(data.add(from), at, count) };
            size
        }
    }
}

/// A number less than `bound`, which is not 0.
fn below(bound: usize) -> usize {
    (random() % bound.max(1) as u64) as usize
}

/// xorshift64*.
fn random() -> u64 {
    let mut state = STATE.load(Ordering::Relaxed);
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    STATE.store(state, Ordering::Relaxed);
    state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
}

/// Nothing here panics; should it happen, the program dies by a signal.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: an illegal instruction ends the process here.
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}
