//! Takes the temporary folder away when a signal ends the command.

use crate::engine::ending_signals;
use nix::sys::signal::{SigSet, Signal, raise};
use std::{fs, path::PathBuf, thread};

/// From now on the signals by which people and systems end a program remove
/// `folder` first. Call it before other threads are started: those inherit what
/// is blocked here.
pub(super) fn remove_on_signal(folder: PathBuf) {
    let ending: SigSet = ending_signals()
        .filter_map(|signal| Signal::try_from(signal).ok())
        .collect();
    if ending.thread_block().is_err() {
        // Then the folder may stay behind; that is no reason to give up.
        return;
    }
    // Ends with the process. The fork server and its child end by themselves
    // when their controller is gone.
    thread::spawn(move || {
        if let Ok(signal) = ending.wait() {
            let _ = fs::remove_dir_all(&folder);
            let _ = ending.thread_unblock();
            let _ = raise(signal);
        }
    });
}
