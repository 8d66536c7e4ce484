//! The road of a run that finds nothing new allocates nothing: counted over the real
//! loop, with real targets.

// Only an allocator can count, and its interface is unsafe.
#![allow(unsafe_code)]

use super::{
    config::{Config, SeedSource},
    control::Control,
    corpus::CorpusId,
    fuzz,
    session::Session,
    stages::{Havoc, Turn},
};
use crate::report::name::Operation;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ffi::OsString,
    path::{Path, PathBuf},
    process,
};

thread_local! {
    /// What this thread did: other tests run at the same time.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    // A thread that ends has no counter any more.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed on to `System` as it is, and counting touches no memory
// of the heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the rules of `alloc`, which are the same there.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the rules of `alloc_zeroed`, which are the same there.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: `pointer` is from `System`, as all are; the caller keeps the other rules.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: `pointer` is from `System`, as all are, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

/// A few edges that are found soon, all of them.
const PERSISTENT: &str = r"
#include <unistd.h>
__AFL_FUZZ_INIT();
volatile int sink;
int main(void) {
    __AFL_INIT();
    unsigned char *b = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        if (__AFL_FUZZ_TESTCASE_LEN > 8) sink += b[1]; else sink ^= 3;
        if (b[0] & 1) sink++;
    }
}
";

const FORKED: &str = r"
#include <unistd.h>
volatile int sink;
int main(void) {
    unsigned char b[64] = {0};
    if (read(0, b, sizeof b) > 8) sink += b[1]; else sink ^= 3;
    if (b[0] & 1) sink++;
}
";

/// The compiler wrapper, which is built beside the tests.
#[allow(clippy::disallowed_methods, reason = "cargo says which one it is")]
fn wrapper() -> PathBuf {
    let tests = std::env::current_exe().expect("the path of this program");
    let folder = tests.parent().and_then(Path::parent).expect("its folder");
    let wrapper = folder.join("tine-cc");
    if !wrapper.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let built = process::Command::new(cargo)
            .args([
                "build",
                "--package",
                "tine",
                "--bin",
                "tine-cc",
                "--target-dir",
            ])
            .arg(folder.parent().expect("the target folder"))
            .status();
        assert!(built.is_ok_and(|status| status.success()), "build tine-cc");
    }
    wrapper
}

/// A session with this target, whose clock does not tick: nothing is written.
fn begin(folder: &Path, source: &str) -> Session {
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("target.c"), source).expect("the source");
    std::fs::create_dir(path("seeds")).expect("a folder for seeds");
    for (number, seed) in ["first seed", "the second of the seeds"].iter().enumerate() {
        std::fs::write(path(&format!("seeds/{number}")), seed).expect("a seed");
    }
    let compiled = process::Command::new(wrapper())
        .args(["-O1", "-o", &path("target"), &path("target.c")])
        .status();
    assert!(compiled.is_ok_and(|status| status.success()), "{source}");
    let seeds = SeedSource::Folder(path("seeds").into());
    let mut config = Config::new(seeds, path("out").into(), vec![path("target").into()]);
    config.seed = Some(1);
    let mut session = fuzz::begin(&config).expect("a session");
    session.stop.control = Control::still();
    session
}

/// Mutates and evaluates until so many runs in a row found nothing.
fn assert_no_allocation(source: &str, tokens: &[&str], runs: u64) {
    const ROUNDS: u64 = 500;
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = begin(folder.path(), source);
    for token in tokens {
        session.mutation.tokens.add(token.as_bytes());
    }
    let mut havoc = Havoc::new(&session.mutation.strategy);
    let (mut counted, mut calls) = (0, 0);
    while counted < runs {
        let known = session.corpus.queue.len();
        let turn = Turn::new(&session, CorpusId::new(calls % known), 1 << 20);
        calls += 1;
        assert!(
            calls < 4 * (runs / ROUNDS) as usize,
            "it finds something all the time"
        );
        let looks = session.target.looks_for_daemons();
        let before = allocations();
        havoc.load(&mut session, turn.id);
        let origin = turn.origin(Operation::Havoc);
        let done = havoc.run(&mut session, &turn, ROUNDS, origin);
        done.expect("rounds of havoc");
        let made = allocations() - before;
        // A find allocates; so do the first rounds, which read the dictionary, and looking
        // for daemons, which is done once in tens of thousands of runs.
        let has_looked = session.target.looks_for_daemons() != looks;
        if session.corpus.queue.len() == known && calls > 1 && !has_looked {
            assert_eq!(made, 0, "allocations in {ROUNDS} runs, call {calls}");
            counted += ROUNDS;
        }
    }
}

#[test]
fn a_run_of_a_persistent_target_allocates_nothing() {
    assert_no_allocation(PERSISTENT, &["token", "another"], 100_000);
}

#[test]
fn a_run_in_fork_mode_allocates_nothing() {
    assert_no_allocation(FORKED, &[], 2000);
}

#[test]
fn the_counter_counts() {
    let before = allocations();
    drop(std::hint::black_box(vec![1_u8]));
    assert_eq!(allocations() - before, 2);
}
