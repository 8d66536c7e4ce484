//! Ends a child that leaves `main` without the detours that lead nowhere.
//!
//! `exit` walks through every shared object to call what they registered to be
//! called at the end. Where nobody registered anything, that walk does nothing
//! but write to pages that the child has to copy first: a tenth of a short run.
//! So the server looks once, before the first fork, whether
//!
//! - no object but libc refers to a function that registers exit handlers,
//! - every object's destructors are just the ones that the compiler's start-up
//!   files bring along, which do nothing without exit handlers.
//!
//! If so, a handler of ours runs at that point of `exit`: after the handlers that
//! `main` may yet register, if it can, and before the walk. It flushes the
//! standard streams, as `exit` would, and ends the process. In any doubt (C++,
//! sanitizers, static programs, libraries that were loaded meanwhile) `exit`
//! takes its usual way; `TINE_FULL_EXIT=1` asks for it.

use crate::environment;
use core::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};
use tine_ipc::process;
use tine_protocol::env;

/// An entry of an object's dynamic section (`Elf64_Dyn`).
#[repr(C)]
#[derive(Clone, Copy)]
struct Entry {
    tag: i64,
    value: usize,
}

/// A loaded object, as debuggers see it (`struct link_map`, its public part).
#[repr(C)]
#[derive(Clone, Copy)]
struct Object {
    base: usize,
    name: *const c_char,
    dynamic: *const Entry,
    next: *const Object,
}

/// What the dynamic linker tells debuggers (`struct r_debug`).
#[repr(C)]
struct Debug {
    version: c_int,
    objects: *const Object,
}

/// `Elf64_Sym`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Symbol {
    name: u32,
    info: u8,
    other: u8,
    section: u16,
    value: u64,
    size: u64,
}

const DT_STRTAB: i64 = 5;
const DT_SYMTAB: i64 = 6;
const DT_FINI: i64 = 13;
const DT_SONAME: i64 = 14;
const DT_DEBUG: i64 = 21;
const DT_FINI_ARRAY: i64 = 26;
const DT_FINI_ARRAYSZ: i64 = 28;
const DT_GNU_HASH: i64 = 0x6fff_fef5;

/// Whoever calls one of these wants something to happen at the end.
const REGISTER: [&CStr; 7] = [
    c"__cxa_atexit",
    c"__cxa_thread_atexit_impl",
    c"__cxa_at_quick_exit",
    c"atexit",
    c"at_quick_exit",
    c"on_exit",
    // Nobody lists the objects of another namespace here.
    c"dlmopen",
];

/// The objects that implement `exit`: their own ends are part of it.
const OWN: [&CStr; 2] = [c"libc.so.6", c"ld-linux-x86-64.so.2"];

// A weak symbol, so that the runtime links into static programs: a slot that
// nobody fills is null.
core::arch::global_asm!(
    ".weak _DYNAMIC",
    ".hidden _DYNAMIC",
    ".pushsection .data.rel.ro.tine_exit, \"aw\", @progbits",
    ".p2align 3",
    ".globl tine_dynamic",
    ".hidden tine_dynamic",
    "tine_dynamic: .quad _DYNAMIC",
    ".popsection",
);

type Handler = extern "C" fn(c_int, *mut c_void);
type Flush = unsafe extern "C" fn(*mut c_void) -> c_int;
type OnExit = unsafe extern "C" fn(Handler, *mut c_void) -> c_int;

unsafe extern "C" {
    static tine_dynamic: *const Entry;
}

/// The list of loaded objects, and how long it was before the first fork.
static OBJECTS: AtomicPtr<Object> = AtomicPtr::new(ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// libc's `fflush`, which the program may have one of its own of.
static FLUSH: AtomicUsize = AtomicUsize::new(0);
/// libc's `_IO_list_all`: the open streams, the newest first.
static STREAMS: AtomicPtr<usize> = AtomicPtr::new(ptr::null_mut());
/// What it holds while only the standard streams are open.
static STANDARD_STREAMS: AtomicUsize = AtomicUsize::new(0);
/// libc's `__libc_single_threaded`.
static SINGLE_THREADED: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// Has children end without the walk, if that makes no difference.
pub(crate) fn shorten() {
    if environment::is_set(env::FULL_EXIT) {
        return;
    }
    let Some(first) = first_object() else { return };
    // Looked up by hand: a program that refers to it would not end quietly.
    let symbol = |name| objects(first).find_map(|object| libc_symbol(&object, name));
    let (Some(on_exit), Some(flush), Some(streams), Some(last), Some(single)) = (
        symbol(c"on_exit"),
        symbol(c"fflush"),
        symbol(c"_IO_list_all"),
        symbol(c"_IO_2_1_stderr_"),
        symbol(c"__libc_single_threaded"),
    ) else {
        return;
    };
    if !objects(first).all(|object| ends_quietly(&object)) {
        return;
    }
    OBJECTS.store(first.cast_mut(), Ordering::Relaxed);
    COUNT.store(objects(first).count(), Ordering::Relaxed);
    FLUSH.store(flush, Ordering::Relaxed);
    STREAMS.store(streams as *mut usize, Ordering::Relaxed);
    STANDARD_STREAMS.store(last, Ordering::Relaxed);
    SINGLE_THREADED.store(single as *mut u8, Ordering::Relaxed);
    // SAFETY: glibc's on_exit has had this type for ever.
    let on_exit = unsafe { core::mem::transmute::<usize, OnExit>(on_exit) };
    // SAFETY: libc's function, called as documented.
    unsafe { on_exit(leave, ptr::null_mut()) };
}

/// Runs within `exit`, in the child.
extern "C" fn leave(status: c_int, _: *mut c_void) {
    let first = OBJECTS.load(Ordering::Relaxed);
    if objects(first).count() != COUNT.load(Ordering::Relaxed) {
        // What was loaded meanwhile may want to be told of the end.
        return;
    }
    // SAFETY: variables of libc, which stays loaded.
    let (streams, single) = unsafe {
        (
            STREAMS.load(Ordering::Relaxed).read_volatile(),
            SINGLE_THREADED.load(Ordering::Relaxed).read_volatile(),
        )
    };
    // Where other streams are open, `exit` looks at each of them, and dies if it
    // was overwritten: that crash must not be lost. And it flushes without
    // waiting for threads that hold a stream, as `fflush` would.
    if streams != STANDARD_STREAMS.load(Ordering::Relaxed) || single == 0 {
        return;
    }
    // SAFETY: `shorten` found it before it had this function called.
    let flush = unsafe { core::mem::transmute::<usize, Flush>(FLUSH.load(Ordering::Relaxed)) };
    // SAFETY: null means all streams.
    unsafe { flush(ptr::null_mut()) };
    process::exit_now(status)
}

/// The program, first of the loaded objects; `None` in a static program.
fn first_object() -> Option<*const Object> {
    // SAFETY: the slot is defined above and filled in by the dynamic linker.
    let dynamic = unsafe { (&raw const tine_dynamic).read_volatile() };
    if dynamic.is_null() {
        return None;
    }
    let debug = entry(dynamic, DT_DEBUG)? as *const Debug;
    if debug.is_null() {
        return None;
    }
    // SAFETY: the dynamic linker put the address of its `r_debug` there.
    let first = unsafe { (*debug).objects };
    (!first.is_null()).then_some(first)
}

fn objects(first: *const Object) -> impl Iterator<Item = Object> {
    let mut next = first;
    core::iter::from_fn(move || {
        if next.is_null() {
            return None;
        }
        // SAFETY: the list is the dynamic linker's; nobody loads anything while
        // it is walked, in a constructor or within `exit`.
        let object = unsafe { next.read() };
        next = object.next;
        Some(object)
    })
}

/// Whether nothing that matters happens in this object when the process exits.
fn ends_quietly(object: &Object) -> bool {
    if object.dynamic.is_null() {
        return false;
    }
    let Some((symbols, strings)) = tables(object) else {
        return false;
    };
    if let Some(offset) = entry(object.dynamic, DT_SONAME) {
        let name = string(strings, offset);
        if OWN.contains(&name) {
            return true;
        }
    }
    has_standard_fini(object)
        && has_standard_destructors(object)
        && undefined_symbols(object, symbols).is_some_and(|mut undefined| {
            undefined.all(|symbol| !REGISTER.contains(&string(strings, symbol.name as usize)))
        })
}

/// The address of libc's symbol of that name, if this object is libc and has it.
fn libc_symbol(object: &Object, name: &CStr) -> Option<usize> {
    let (symbols, strings) = tables(object)?;
    if string(strings, entry(object.dynamic, DT_SONAME)?) != OWN[0] {
        return None;
    }
    let hash = name.to_bytes().iter().fold(5381u32, |hash, byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(*byte))
    });
    let table = HashTable::of(object)?;
    // SAFETY: there are as many buckets as the table says.
    let mut index = unsafe { table.buckets.add((hash % table.count) as usize).read() };
    while index >= table.first {
        // SAFETY: a chain has a word for each symbol from the first on, and
        // the last one of a bucket is odd.
        let word = unsafe { table.chains.add((index - table.first) as usize).read() };
        // SAFETY: the symbol table has each symbol of the hash table.
        let symbol = unsafe { symbols.add(index as usize).read() };
        if word | 1 == hash | 1 && string(strings, symbol.name as usize) == name {
            return Some(object.base.wrapping_add(symbol.value as usize));
        }
        if word & 1 == 1 {
            break;
        }
        index += 1;
    }
    None
}

/// A GNU hash table: it knows the symbols that others can use.
struct HashTable {
    /// Number of buckets, at least one.
    count: u32,
    /// Index in the symbol table of the first symbol that it knows.
    first: u32,
    buckets: *const u32,
    chains: *const u32,
}

impl HashTable {
    fn of(object: &Object) -> Option<Self> {
        let table = address(object, entry(object.dynamic, DT_GNU_HASH)?) as *const u32;
        // SAFETY: the table begins with the number of its buckets, the index of
        // its first symbol, and the size of its filter in 8-byte words.
        let [count, first, filter, _] = unsafe { table.cast::<[u32; 4]>().read() };
        let buckets = table.wrapping_add(4 + 2 * filter as usize);
        let chains = buckets.wrapping_add(count as usize);
        (count > 0).then_some(Self {
            count,
            first,
            buckets,
            chains,
        })
    }

    /// Index behind the last symbol that it knows.
    fn end(&self) -> u32 {
        let last = (0..self.count as usize)
            // SAFETY: there are as many buckets.
            .map(|index| unsafe { self.buckets.add(index).read() })
            .max()
            .unwrap_or(0);
        let mut index = last;
        while index >= self.first {
            // SAFETY: a chain has a word for each symbol from the first on, and
            // the last one of a bucket is odd.
            let word = unsafe { self.chains.add((index - self.first) as usize).read() };
            if word & 1 == 1 {
                break;
            }
            index += 1;
        }
        self.first.max(index + 1)
    }

    /// Whether it knows no symbol at all.
    fn is_empty(&self) -> bool {
        // SAFETY: there is at least one bucket.
        self.count == 1 && unsafe { self.buckets.read() } == 0
    }
}

fn tables(object: &Object) -> Option<(*const Symbol, *const c_char)> {
    let symbols = address(object, entry(object.dynamic, DT_SYMTAB)?);
    let strings = address(object, entry(object.dynamic, DT_STRTAB)?);
    Some((symbols as *const Symbol, strings as *const c_char))
}

/// The function of `DT_FINI` is the empty one of crti.o and crtn.o.
fn has_standard_fini(object: &Object) -> bool {
    // [endbr64;] sub rsp, 8; add rsp, 8; ret
    const EMPTY: [u8; 9] = [0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3];
    match entry(object.dynamic, DT_FINI) {
        None => true,
        Some(fini) => code(object.base.wrapping_add(fini)) == EMPTY,
    }
}

/// The only destructor is `__do_global_dtors_aux` of crtbegin.o.
fn has_standard_destructors(object: &Object) -> bool {
    // [endbr64;] cmp byte ptr [rip + completed], 0 …
    const BEGIN: [u8; 2] = [0x80, 0x3d];
    let Some(array) = entry(object.dynamic, DT_FINI_ARRAY) else {
        return true;
    };
    match entry(object.dynamic, DT_FINI_ARRAYSZ) {
        None | Some(0) => true,
        Some(size) if size == size_of::<usize>() => {
            let first = object.base.wrapping_add(array) as *const usize;
            // SAFETY: the object says that one address lies there; it was
            // relocated before any constructor ran.
            code(unsafe { first.read() }) == BEGIN
        }
        Some(_) => false,
    }
}

/// The first bytes of a function, without the mark of an indirect call's target.
fn code<const N: usize>(function: usize) -> [u8; N] {
    const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];
    let start = function as *const u8;
    // SAFETY: a function of a loaded object; code is readable, and every
    // function that is compared here is longer than what is read.
    let marked = unsafe { start.cast::<[u8; 4]>().read_unaligned() } == ENDBR64;
    let begin = start.wrapping_add(if marked { ENDBR64.len() } else { 0 });
    // SAFETY: as above.
    unsafe { begin.cast::<[u8; N]>().read_unaligned() }
}

/// The symbols that an object wants from others. They come first in the table,
/// before those that its hash table knows; but a program that is not position
/// independent and takes a function's address is where others find it, and has
/// the hash table know it. `None` if that table does not tell how many there are.
fn undefined_symbols(
    object: &Object,
    symbols: *const Symbol,
) -> Option<impl Iterator<Item = Symbol>> {
    const UNDEFINED: u16 = 0;
    let table = HashTable::of(object)?;
    if table.is_empty() {
        // An empty table says nothing of where the others end.
        return None;
    }
    Some((1..table.end() as usize).filter_map(move |index| {
        // SAFETY: the table has as many symbols.
        let symbol = unsafe { symbols.add(index).read() };
        (symbol.section == UNDEFINED).then_some(symbol)
    }))
}

fn string(strings: *const c_char, offset: usize) -> &'static CStr {
    // SAFETY: names are C strings within the object's string table, which stays
    // mapped: objects that were there before main are never unloaded.
    unsafe { CStr::from_ptr(strings.add(offset)) }
}

/// The value of the first entry with this tag.
fn entry(mut dynamic: *const Entry, tag: i64) -> Option<usize> {
    loop {
        // SAFETY: a dynamic section ends with an entry of tag 0.
        let entry = unsafe { dynamic.read() };
        if entry.tag == tag {
            return Some(entry.value);
        }
        if entry.tag == 0 {
            return None;
        }
        dynamic = dynamic.wrapping_add(1);
    }
}

/// An address in a dynamic section, which glibc has relocated in most objects
/// but not in the kernel's.
fn address(object: &Object, value: usize) -> usize {
    if value < object.base {
        object.base.wrapping_add(value)
    } else {
        value
    }
}
