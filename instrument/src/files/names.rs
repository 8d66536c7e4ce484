//! What the archives want of a program that they are linked into, and what they give
//! it: they live in somebody else's namespace.

use super::{DRIVER, NONE, RUNTIME, SHARED};
use object::{Object, ObjectSymbol, read::archive::ArchiveFile};
use std::collections::BTreeSet;

/// Names that the runtime refers to, each with the reason why no program stands in its
/// way. What the compiler calls by itself (`memcpy` and its like) the archive has as
/// labels of its own.
const WANTED_BY_THE_RUNTIME: &[(&str, &str)] = &[
    ("_DYNAMIC", "weak; the linker's own"),
    ("__ehdr_start", "the linker's own"),
    (
        "__afl_sharedmem_fuzzing",
        "weak; the target's side of the protocol",
    ),
    ("tine_counts_blocks", "weak; defined by tine-cc"),
    (
        "__environ",
        "weak; reserved, and set by the start-up code of every libc",
    ),
    (
        "__libc_malloc",
        "weak; reserved, and looked at in static programs only",
    ),
    (
        "__libc_free",
        "weak; reserved, and looked at in static programs only",
    ),
];

/// Names that the driver refers to and the runtime does not have.
const WANTED_BY_THE_DRIVER: &[(&str, &str)] = &[
    ("LLVMFuzzerTestOneInput", "the harness"),
    ("LLVMFuzzerInitialize", "weak; the harness's"),
    ("LLVMFuzzerCleanup", "weak; the harness's"),
    ("__msan_unpoison", "weak; a sanitizer's"),
    ("__lsan_do_recoverable_leak_check", "weak; a sanitizer's"),
    (
        "__sanitizer_install_malloc_and_free_hooks",
        "weak; a sanitizer's",
    ),
    ("malloc", "an input lies where a sanitizer watches it"),
    ("realloc", "as malloc"),
    ("free", "as malloc"),
    ("__real_main", "the program's main, by --wrap"),
];

/// Names that the driver defines, each in a member of its own or weak.
const GIVEN_BY_THE_DRIVER: [&str; 6] = [
    "main",
    "__wrap_main",
    "LLVMFuzzerTestOneInput",
    "LLVMFuzzerRunDriver",
    "LLVMFuzzerMutate",
    "__afl_sharedmem_fuzzing",
];

/// The same for what shared objects get.
const WANTED_BY_SHARED_OBJECTS: &[(&str, &str)] = &[
    ("tine_counts_blocks", "weak; defined by tine-cc"),
    ("__ehdr_start", "weak; the linker's own"),
    (
        "_dl_debug_addr",
        "weak; reserved, and musl's dynamic linker's",
    ),
    ("_r_debug", "weak; reserved, and glibc's dynamic linker's"),
];

/// How the names begin that the archives define for others to see.
const GIVEN: [&str; 5] = [
    "__afl_",
    "__sanitizer_cov_",
    "__sancov_should_track",
    "tine_",
    // Rust's names of statics in the runtime.
    "_ZN12tine_runtime",
];

/// Names that an archive refers to, and those that it defines for others.
fn names(archive: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut wanted, mut given) = (BTreeSet::new(), BTreeSet::new());
    for member in ArchiveFile::parse(archive).unwrap().members() {
        let member = member.unwrap().data(archive).unwrap();
        let file = object::File::parse(member).unwrap();
        for symbol in file.symbols() {
            let name = symbol.name().unwrap().to_owned();
            if symbol.is_undefined() && !name.is_empty() {
                wanted.insert(name);
            } else if symbol.is_global() {
                given.insert(name);
            }
        }
    }
    let wanted = wanted.difference(&given).cloned().collect();
    (wanted, given)
}

#[test]
fn the_archives_want_no_name_that_a_program_may_define() {
    for (archive, allowed) in [
        (RUNTIME, WANTED_BY_THE_RUNTIME),
        (SHARED, WANTED_BY_SHARED_OBJECTS),
    ] {
        let allowed: BTreeSet<String> = allowed.iter().map(|(it, _)| (*it).to_owned()).collect();
        assert_eq!(names(archive).0, allowed);
    }
}

#[test]
fn the_driver_wants_the_harness_and_an_allocator() {
    let allowed: BTreeSet<String> = WANTED_BY_THE_DRIVER
        .iter()
        .map(|(it, _)| (*it).to_owned())
        .collect();
    let given = names(RUNTIME).1;
    let mut wanted = names(DRIVER).0;
    wanted.extend(names(NONE).0);
    let wanted: BTreeSet<String> = wanted.difference(&given).cloned().collect();
    assert_eq!(wanted, allowed);
    for archive in [DRIVER, NONE] {
        let given = names(archive).1;
        let foreign: Vec<_> = given
            .iter()
            .filter(|name| !GIVEN_BY_THE_DRIVER.contains(&name.as_str()))
            .filter(|name| !["tine_", "_ZN"].iter().any(|it| name.starts_with(it)))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
}

#[test]
fn the_archives_define_no_name_that_a_program_may_define() {
    for archive in [RUNTIME, SHARED] {
        let given = names(archive).1;
        let foreign: Vec<_> = given
            .iter()
            .filter(|name| !GIVEN.iter().any(|prefix| name.starts_with(prefix)))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        assert!(!given.is_empty());
    }
}
