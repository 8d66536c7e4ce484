//! Ends a child that leaves `main` without the detours that lead nowhere.
//!
//! `exit` walks through every shared object to call what they registered to be
//! called at the end. Where nobody registered anything, that walk does nothing
//! but write to pages that the child has to copy first: a tenth of a short run.
//! So the server looks once, before the first fork, whether
//!
//! - no object but libc refers to a function that registers exit handlers,
//! - every object's destructors are just the ones that the compiler's start-up
//!   files bring along, which do nothing without exit handlers, and `tine-cc`'s own.
//!
//! If so, a handler of ours runs at that point of `exit`: after the handlers that
//! `main` may yet register, if it can, and before the walk. It flushes the
//! standard streams, as `exit` would, and ends the process. In any doubt (C++,
//! sanitizers, static programs, libraries that were loaded meanwhile) `exit`
//! takes its usual way; `TINE_FULL_EXIT=1` asks for it.

use crate::{
    coverage, environment,
    objects::{self, Object, tag},
};
use core::{
    ffi::{CStr, c_int, c_void},
    ptr,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};
use tine_ipc::process;
use tine_protocol::env;

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
const OWN: [&CStr; 2] = [LIBC, c"ld-linux-x86-64.so.2"];
/// Where glibc keeps its functions.
pub(crate) const LIBC: &CStr = c"libc.so.6";

type Handler = extern "C" fn(c_int, *mut c_void);
type Flush = unsafe extern "C" fn(*mut c_void) -> c_int;
type OnExit = unsafe extern "C" fn(Handler, *mut c_void) -> c_int;

/// The list of loaded objects, and how long it was before the first fork.
static OBJECTS: AtomicPtr<Object> = AtomicPtr::new(ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// libc's `fflush`, which the program may have one of its own of.
static FLUSH: AtomicUsize = AtomicUsize::new(0);
/// libc's `_IO_list_all`: the open streams, the newest first.
static STREAMS: AtomicPtr<usize> = AtomicPtr::new(ptr::null_mut());
/// Its value while only the standard streams are open.
static STANDARD_STREAMS: AtomicUsize = AtomicUsize::new(0);
/// libc's `__libc_single_threaded`.
static SINGLE_THREADED: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// Has children end without the walk, if that makes no difference.
pub(crate) fn shorten() {
    if environment::is_set(env::FULL_EXIT) {
        return;
    }
    let Some(first) = objects::first() else {
        return;
    };
    // Looked up by hand: a program that refers to it would not end quietly.
    let libc = objects::from(first).find(|object| object.soname() == Some(LIBC));
    let symbol = |name| libc?.symbol(name);
    let (Some(on_exit), Some(flush), Some(streams), Some(last), Some(single)) = (
        symbol(c"on_exit"),
        symbol(c"fflush"),
        symbol(c"_IO_list_all"),
        symbol(c"_IO_2_1_stderr_"),
        symbol(c"__libc_single_threaded"),
    ) else {
        return;
    };
    if !objects::from(first).all(|object| ends_quietly(&object)) {
        return;
    }
    OBJECTS.store(first.cast_mut(), Ordering::Relaxed);
    COUNT.store(objects::from(first).count(), Ordering::Relaxed);
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
    if objects::from(first).count() != COUNT.load(Ordering::Relaxed) {
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

/// Returns whether this object implements `exit`, or loading.
pub(crate) fn is_own(object: &Object) -> bool {
    object.soname().is_some_and(|name| OWN.contains(&name))
}

/// Returns whether nothing that matters happens in this object when the process exits.
fn ends_quietly(object: &Object) -> bool {
    is_own(object)
        || has_standard_fini(object)
            && has_standard_destructors(object)
            && object
                .wanted()
                .is_some_and(|mut names| names.all(|name| !REGISTER.contains(&name)))
}

/// The function of `DT_FINI` is the empty one of crti.o and crtn.o.
fn has_standard_fini(object: &Object) -> bool {
    // [endbr64;] sub rsp, 8; add rsp, 8; ret
    const EMPTY: [u8; 9] = [0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3];
    match object.entry(tag::FINI) {
        None => true,
        Some(fini) => code(object.at(fini)) == EMPTY,
    }
}

/// The only destructors are `__do_global_dtors_aux` of crtbegin.o, and the one by which a
/// module takes leave of the runtime.
fn has_standard_destructors(object: &Object) -> bool {
    // [endbr64;] cmp byte ptr [rip + completed], 0 …
    const BEGIN: [u8; 2] = [0x80, 0x3d];
    let (Some(array), Some(size)) = (
        object.entry(tag::FINI_ARRAY),
        object.entry(tag::FINI_ARRAYSZ),
    ) else {
        return true;
    };
    let first = object.at(array) as *const usize;
    (0..size / size_of::<usize>()).all(|index| {
        // SAFETY: the object says that so many addresses lie there; they were
        // relocated before any constructor ran.
        let destructor = unsafe { first.add(index).read() };
        coverage::is_leave(destructor) || code(destructor) == BEGIN
    })
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
