//! Leaks, in the pass that makes them: LeakSanitizer by itself looks when the program
//! ends, which is many inputs later.
//!
//! As libFuzzer does: a look costs milliseconds, so there is one only after a pass that
//! allocated more often than it freed; and none any more where that is so all the time
//! and nothing was found.

use core::{
    ffi::{c_int, c_void},
    sync::atomic::{AtomicU64, Ordering},
};
use tine_ipc::{process, signal};

/// Number of looks that find nothing before there are no more: libFuzzer's.
const MOST_LOOKS: u32 = 1000;

/// Exit code if a signal does not end the program: that of `__AFL_LEAK_CHECK()`.
const EXIT_CODE: i32 = 23;

static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);

type OnAllocation = extern "C" fn(*const c_void, usize);
type OnFree = extern "C" fn(*const c_void);

unsafe extern "C" {
    static tine_driver_leak_check: Option<unsafe extern "C" fn() -> c_int>;
    static tine_driver_hooks: Option<unsafe extern "C" fn(OnAllocation, OnFree) -> c_int>;
}

extern "C" fn on_allocation(_memory: *const c_void, _size: usize) {
    ALLOCATED.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn on_free(_memory: *const c_void) {
    FREED.fetch_add(1, Ordering::Relaxed);
}

/// The watch over a process's passes.
pub(crate) struct Watch {
    check: Option<unsafe extern "C" fn() -> c_int>,
    balance: u64,
    looks: u32,
}

impl Watch {
    /// Begins to count, if the program has a sanitizer that knows of leaks.
    pub(crate) fn begin() -> Self {
        // SAFETY: the slots are filled in by the linker.
        let (check, hooks) = unsafe {
            (
                (&raw const tine_driver_leak_check).read_volatile(),
                (&raw const tine_driver_hooks).read_volatile(),
            )
        };
        let counts = hooks.is_some_and(|install| {
            // SAFETY: the sanitizer's contract: two functions that call no allocator. 0
            // means that it has no room for them.
            unsafe { install(on_allocation, on_free) != 0 }
        });
        Self {
            check: check.filter(|_| counts),
            balance: balance(),
            looks: 0,
        }
    }

    /// A pass is over, and what the driver allocated for it is freed. Where something
    /// leaked the program ends here.
    pub(crate) fn pass(&mut self) {
        let Some(check) = self.check else { return };
        let balance = balance();
        // More was allocated, as the difference of two counts that may wrap.
        let grew = balance.wrapping_sub(self.balance).cast_signed() > 0;
        self.balance = balance;
        if !grew {
            return;
        }
        // SAFETY: the sanitizer's function takes nothing. Without `detect_leaks` it
        // returns at once.
        if unsafe { check() } > 0 {
            let _ = signal::send(process::id(), signal::ABORT);
            process::exit_now(EXIT_CODE);
        }
        self.looks += 1;
        if self.looks == MOST_LOOKS {
            self.check = None;
        }
    }
}

fn balance() -> u64 {
    let freed = FREED.load(Ordering::Relaxed);
    ALLOCATED.load(Ordering::Relaxed).wrapping_sub(freed)
}
