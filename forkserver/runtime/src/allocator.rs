//! Has libc's allocator set itself up in the fork server, once, and not in each child:
//! that is a heap to create, three system calls and half a dozen page faults.
//!
//! Only libc's own. A program's allocator may need what `main` does first, and may die
//! without; so it is left alone, and so is one in another library.

use crate::{
    exit::LIBC,
    objects::{self, Object},
};
use core::ffi::{CStr, c_void};

type Allocate = unsafe extern "C" fn(usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);

// In a static program nothing tells who defines `malloc`. These are libc's own names
// of its functions; they are there if libc's allocator is part of the program.
core::arch::global_asm!(
    ".weak __libc_malloc",
    ".weak __libc_free",
    ".pushsection .data.rel.ro.tine_allocator, \"aw\", @progbits",
    ".p2align 3",
    ".globl tine_static_allocator",
    ".hidden tine_static_allocator",
    ".type tine_static_allocator, @object",
    ".size tine_static_allocator, 16",
    "tine_static_allocator: .quad __libc_malloc, __libc_free",
    ".popsection",
);

unsafe extern "C" {
    static tine_static_allocator: [usize; 2];
}

/// Has libc's allocator set itself up, if that is what the program's calls go to.
pub(crate) fn set_up() {
    let functions = match objects::first() {
        Some(first) => shared(first),
        // SAFETY: the slots are defined above; the linker filled them in, or the
        // program did when it relocated itself.
        None => Some(unsafe { (&raw const tine_static_allocator).read_volatile() }),
    };
    let Some([allocate, free]) = functions.filter(|functions| !functions.contains(&0)) else {
        return;
    };
    // SAFETY: the functions of libc by these names have these types.
    let (allocate, free) = unsafe {
        (
            core::mem::transmute::<usize, Allocate>(allocate),
            core::mem::transmute::<usize, Free>(free),
        )
    };
    // SAFETY: malloc may be called from a constructor; free takes what it gave.
    unsafe { free(core::hint::black_box(allocate(1))) };
}

/// libc's `malloc` and `free`, if the dynamic linker binds the program's calls to them:
/// if no object that is asked before libc has one.
fn shared(first: *const Object) -> Option<[usize; 2]> {
    let of_libc = |name: &CStr| {
        let (object, address) = objects::from(first)
            .find_map(|object| object.symbol(name).map(|address| (object, address)))?;
        (object.soname() == Some(LIBC)).then_some(address)
    };
    Some([of_libc(c"malloc")?, of_libc(c"free")?])
}
