//! Turns, by which the server knows that its child stopped, and the child that the server
//! continued it: a stop that a filter of system calls denies, or that somebody else's SIGCONT
//! ends, must not be taken for a pass that is over, nor for the next input.
//!
//! Two words that the server shares with its children. Each request of a run is a turn.

use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use tine_ipc::{Errno, shared_words};

/// The shared words: the turn, the turn in which the child last tried to stop, and the
/// number of the error that this came to.
type Words = [AtomicU32; 3];

const TURN: usize = 0;
const TRIED: usize = 1;
const ERROR: usize = 2;

/// Null before [`share`], or where there is no memory for it.
static WORDS: AtomicPtr<Words> = AtomicPtr::new(core::ptr::null_mut());

/// Server: shares the words with the children that are forked from now on. Without
/// memory for them a stop counts as one if the system says nothing else.
pub(crate) fn share() {
    if let Ok(words) = shared_words::map() {
        WORDS.store(core::ptr::from_ref(words).cast_mut(), Ordering::Relaxed);
    }
}

/// Server: another input is there, for a new child or for one that stopped.
pub(crate) fn begin() {
    if let Some(words) = words() {
        words[TURN].fetch_add(1, Ordering::Relaxed);
    }
}

/// Server: what kept the child, which has ended, from stopping in this turn, if it tried.
pub(crate) fn failed_stop() -> Option<Errno> {
    let words = words()?;
    let tried = words[TRIED].load(Ordering::Relaxed) == words[TURN].load(Ordering::Relaxed);
    tried.then(|| Errno(words[ERROR].load(Ordering::Relaxed) as i32))
}

/// Child: it is about to stop. Returns the turn that is over with that.
pub(crate) fn end() -> Option<u32> {
    let words = words()?;
    let turn = words[TURN].load(Ordering::Relaxed);
    words[ERROR].store(0, Ordering::Relaxed);
    words[TRIED].store(turn, Ordering::Relaxed);
    Some(turn)
}

/// Child: whether the server has begun another turn since.
pub(crate) fn is_over(turn: Option<u32>) -> bool {
    match (words(), turn) {
        (Some(words), Some(turn)) => words[TURN].load(Ordering::Relaxed) != turn,
        _ => true,
    }
}

/// Child: it cannot stop.
pub(crate) fn fail(error: Errno) {
    if let Some(words) = words() {
        words[ERROR].store(error.0 as u32, Ordering::Relaxed);
    }
}

fn words() -> Option<&'static Words> {
    // SAFETY: null, or what `shared_words::map` returned, which stays mapped.
    unsafe { WORDS.load(Ordering::Relaxed).as_ref() }
}
