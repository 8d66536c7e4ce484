//! The objects that the dynamic linker loaded, read as a debugger would: their
//! dynamic sections and symbol tables.
//!
//! All of it must be read while nothing is loaded or unloaded: in a constructor, within
//! `exit`, or in a process of one thread.

use core::ffi::{CStr, c_char, c_int};

/// Tags of a dynamic section's entries.
pub mod tag {
    #![allow(missing_docs)] // They are named as in elf(5).

    pub const STRTAB: i64 = 5;
    pub const SYMTAB: i64 = 6;
    pub const FINI: i64 = 13;
    pub const SONAME: i64 = 14;
    pub const DEBUG: i64 = 21;
    pub const INIT_ARRAY: i64 = 25;
    pub const FINI_ARRAY: i64 = 26;
    pub const INIT_ARRAYSZ: i64 = 27;
    pub const FINI_ARRAYSZ: i64 = 28;
    pub const GNU_HASH: i64 = 0x6fff_fef5;
}

/// An entry of a dynamic section (`Elf64_Dyn`).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    tag: i64,
    value: usize,
}

/// A loaded object (`struct link_map`, its public part).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Object {
    base: usize,
    name: *const c_char,
    dynamic: *const Entry,
    next: *const Object,
}

/// Record of the dynamic linker for debuggers (`struct r_debug`).
#[repr(C)]
#[derive(Debug)]
pub struct Debug {
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

/// Section of a symbol that an object wants from others.
const UNDEFINED: u16 = 0;

/// The program, first of the loaded objects, by its own dynamic section. `None` if that
/// is null, or no dynamic linker has been there: in a static program.
///
/// # Safety
/// `dynamic` must be null or the address of the program's dynamic section.
#[must_use]
pub unsafe fn program(dynamic: *const Entry) -> Option<*const Object> {
    // SAFETY: the dynamic linker put the address of its `r_debug` there, if any.
    unsafe { listed(entry(dynamic, tag::DEBUG)? as *const Debug) }
}

/// The first object that the dynamic linker lists for debuggers.
///
/// # Safety
/// `debug` must be null or the address of the dynamic linker's `r_debug`.
#[must_use]
pub unsafe fn listed(debug: *const Debug) -> Option<*const Object> {
    if debug.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for it.
    let first = unsafe { (*debug).objects };
    (!first.is_null()).then_some(first)
}

/// `first` and those behind it.
pub fn from(first: *const Object) -> impl Iterator<Item = Object> {
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

impl Object {
    /// The value of its dynamic section's first entry with this tag.
    #[must_use]
    pub fn entry(&self, tag: i64) -> Option<usize> {
        entry(self.dynamic, tag)
    }

    /// Where something lies that its dynamic section gives relative to its base.
    #[must_use]
    pub fn at(&self, offset: usize) -> usize {
        self.base.wrapping_add(offset)
    }

    /// The path that it was loaded from; empty for the program.
    #[must_use]
    pub fn path(&self) -> &'static CStr {
        if self.name.is_null() {
            return c"";
        }
        // SAFETY: the dynamic linker keeps it as long as the object is loaded; callers
        // are done with it before they let anything be unloaded.
        unsafe { CStr::from_ptr(self.name) }
    }

    /// The name by which others ask for it.
    #[must_use]
    pub fn soname(&self) -> Option<&'static CStr> {
        Some(self.tables()?.string(self.entry(tag::SONAME)?))
    }

    /// The address of a symbol that it offers to others.
    #[must_use]
    pub fn symbol(&self, name: &CStr) -> Option<usize> {
        let tables = self.tables()?;
        let hash = name.to_bytes().iter().fold(5381u32, |hash, byte| {
            hash.wrapping_mul(33).wrapping_add(u32::from(*byte))
        });
        let hashed = HashTable::of(self)?;
        let mut index = hashed.bucket(hash % hashed.count);
        while index >= hashed.first {
            let word = hashed.chain(index);
            let symbol = tables.symbol(index);
            if word | 1 == hash | 1
                && symbol.section != UNDEFINED
                && tables.string(symbol.name as usize) == name
            {
                return Some(self.at(symbol.value as usize));
            }
            if word & 1 == 1 {
                break;
            }
            index += 1;
        }
        None
    }

    /// The names that it wants from others. They come first in the symbol table,
    /// before those that its hash table knows; but a program that is not position
    /// independent and takes a function's address is where others find it, and
    /// has the hash table know it. `None` if that table does not tell how many
    /// symbols there are.
    #[must_use]
    pub fn wanted(&self) -> Option<impl Iterator<Item = &'static CStr>> {
        let tables = self.tables()?;
        let hashed = HashTable::of(self)?;
        if hashed.count == 1 && hashed.bucket(0) == 0 {
            // An empty table says nothing of where the others end.
            return None;
        }
        Some((1..hashed.end()).filter_map(move |index| {
            let symbol = tables.symbol(index);
            (symbol.section == UNDEFINED).then(|| tables.string(symbol.name as usize))
        }))
    }

    fn tables(&self) -> Option<Tables> {
        Some(Tables {
            symbols: self.address(self.entry(tag::SYMTAB)?) as *const Symbol,
            strings: self.address(self.entry(tag::STRTAB)?) as *const c_char,
        })
    }

    /// An address in a dynamic section, which glibc has relocated in most objects
    /// but not in the kernel's.
    fn address(&self, value: usize) -> usize {
        if value < self.base {
            self.at(value)
        } else {
            value
        }
    }
}

fn entry(mut dynamic: *const Entry, tag: i64) -> Option<usize> {
    if dynamic.is_null() {
        return None;
    }
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

/// An object's symbols and their names.
#[derive(Clone, Copy)]
struct Tables {
    symbols: *const Symbol,
    strings: *const c_char,
}

impl Tables {
    fn symbol(&self, index: u32) -> Symbol {
        // SAFETY: the table has each symbol up to the last that the hash table
        // knows, and callers ask for no other.
        unsafe { self.symbols.add(index as usize).read() }
    }

    fn string(&self, offset: usize) -> &'static CStr {
        // SAFETY: names are C strings within the object's string table, which
        // stays mapped: objects that were there before main are never unloaded.
        unsafe { CStr::from_ptr(self.strings.add(offset)) }
    }
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
        let table = object.address(object.entry(tag::GNU_HASH)?) as *const u32;
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

    /// Index of the first symbol in a bucket; 0 if it has none.
    fn bucket(&self, index: u32) -> u32 {
        // SAFETY: callers ask for less than `count`.
        unsafe { self.buckets.add(index as usize).read() }
    }

    /// The word that belongs to a symbol; it is odd for the last of a bucket.
    fn chain(&self, index: u32) -> u32 {
        // SAFETY: there is a word for each symbol from the first on, and callers
        // stop at the last of a bucket.
        unsafe { self.chains.add((index - self.first) as usize).read() }
    }

    /// Index behind the last symbol that it knows.
    fn end(&self) -> u32 {
        let mut index = (0..self.count)
            .map(|bucket| self.bucket(bucket))
            .max()
            .unwrap_or(0);
        while index >= self.first && self.chain(index) & 1 == 0 {
            index += 1;
        }
        self.first.max(index + 1)
    }
}
