//! The loaded objects, from the program on.

use core::ptr;
use tine_ipc::loaded::{self, Entry};
pub(crate) use tine_ipc::loaded::{Object, from, tag};

// A weak symbol, so that the runtime links into static programs: a slot that
// nobody fills is null.
core::arch::global_asm!(
    ".hidden __ehdr_start",
    ".weak _DYNAMIC",
    ".hidden _DYNAMIC",
    ".pushsection .data.rel.ro.tine_objects, \"aw\", @progbits",
    ".p2align 3",
    ".globl tine_dynamic",
    ".hidden tine_dynamic",
    "tine_dynamic: .quad _DYNAMIC",
    ".popsection",
);

unsafe extern "C" {
    static tine_dynamic: *const Entry;
    static __ehdr_start: u8;
}

/// The program, first of the loaded objects; `None` in a static program.
pub(crate) fn first() -> Option<*const Object> {
    // SAFETY: the slot is defined above and filled in by the dynamic linker with the
    // address of the program's dynamic section, or null.
    unsafe { loaded::program((&raw const tine_dynamic).read_volatile()) }
}

/// Where the program was loaded to.
pub(crate) fn program_start() -> usize {
    &raw const __ehdr_start as usize
}

/// All objects: none in a static program.
pub(crate) fn all() -> impl Iterator<Item = Object> {
    from(first().unwrap_or(ptr::null()))
}

/// Where the ELF header of the object lies that has `address`: of all objects that begin
/// before it, the last. The program, where no other is.
pub(crate) fn header_of(address: usize) -> usize {
    let program = program_start();
    all()
        .skip(1)
        .map(|object| object.at(0))
        .chain([program])
        .filter(|header| *header <= address)
        .max()
        .unwrap_or(program)
}

/// Returns whether an object is loaded at this address.
pub(crate) fn is_loaded_at(header: usize) -> bool {
    all().any(|object| object.at(0) == header)
}

/// The name of the file that was loaded to this address, without its folder; empty for
/// the program.
pub(crate) fn name_of(header: usize) -> &'static [u8] {
    let object = all().skip(1).find(|object| object.at(0) == header);
    let path = object.map_or(c"", |object| object.path()).to_bytes();
    let name = path.rsplit(|byte| *byte == b'/').next();
    name.unwrap_or_default()
}
