//! Messages of the runtime on standard error, when `AFL_DEBUG` is set.

use crate::environment;
use tine_ipc::{Fd, pipe};
use tine_protocol::env;

/// Says `what` on standard error if the user asked for it.
pub(crate) fn debug(what: &str) {
    if environment::is_set(env::DEBUG) {
        for part in ["tine runtime: ", what, "\n"] {
            // Nobody is there to hear that standard error is closed.
            let _ = pipe::send(Fd::STDERR, part.as_bytes());
        }
    }
}
