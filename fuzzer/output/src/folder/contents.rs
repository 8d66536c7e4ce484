//! All that a session writes to its folder: the one list of it.

use super::beginning::Beginning;
use std::{ffi::OsStr, fmt::Write};

/// The folders with testcases.
pub(super) const QUEUE: &str = "queue";
pub(super) const CRASHES: &str = "crashes";
pub(super) const HANGS: &str = "hangs";
pub(super) const LOST: &str = "lost";

/// The folder with the inputs before a crash or hang.
pub const REPLAY: &str = "replay";

/// The state file: what a session learned about its queue. The dot keeps it out of what
/// other tools read.
pub const STATE_FILE: &str = ".tine_state";

/// Numbers of the testcases whose comparisons were tried.
pub const COMPARED_FILE: &str = ".cmplog_done";

/// Empty file that marks the folder of a main instance.
pub const MAIN: &str = "is_main_node";

/// The folder in which afl-fuzz notes how far it has read the other queues.
pub const SYNCED: &str = ".synced";

/// What becomes of something in the folder when another session begins there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Results of the user: never deleted; a fresh session refuses a folder with any.
    Result,
    /// A resumed session goes on with it, a fresh one must not see it.
    Resumed,
    /// Written anew by each session that needs it, and of no use to the next.
    Own,
}

/// A file or folder.
#[derive(Debug)]
pub struct Entry {
    /// Its name; the beginning of the name if it ends with `*`.
    pub name: &'static str,
    /// What becomes of it.
    pub fate: Fate,
    /// What it is.
    pub what: &'static str,
    /// Who reads it.
    pub reader: &'static str,
}

impl Entry {
    /// Whether something of this name is meant.
    #[must_use]
    pub fn is(&self, name: &OsStr) -> bool {
        match self.name.strip_suffix('*') {
            Some(start) => name.as_encoded_bytes().starts_with(start.as_bytes()),
            None => name == self.name,
        }
    }

    /// Whether it goes when a session begins so.
    #[must_use]
    pub fn goes(&self, beginning: Beginning) -> bool {
        match self.fate {
            Fate::Result => false,
            Fate::Resumed => beginning == Beginning::Fresh,
            Fate::Own => true,
        }
    }
}

const fn entry(name: &'static str, fate: Fate, what: &'static str, reader: &'static str) -> Entry {
    Entry {
        name,
        fate,
        what,
        reader,
    }
}

/// [`CONTENTS`] as a table in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| name | what | another session | read by |\n|---|---|---|---|\n");
    for Entry {
        name,
        fate,
        what,
        reader,
    } in CONTENTS
    {
        let fate = match fate {
            Fate::Result => "stays, and is never deleted",
            Fate::Resumed => "goes on with it; gone in a fresh one",
            Fate::Own => "gone",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| `{name}` | {what} | {fate} | {reader} |");
    }
    text
}

/// All that a session writes to its folder.
pub const CONTENTS: &[Entry] = &[
    entry(
        QUEUE,
        Fate::Result,
        "testcases that cover something new; seeds among them go in a fresh session",
        "`tine fuzz -i -`, other instances, cmin",
    ),
    entry(
        CRASHES,
        Fate::Result,
        "inputs that crash the target, and how to run them (README.txt)",
        "`tine fuzz -i -`, cmin, you",
    ),
    entry(
        HANGS,
        Fate::Result,
        "inputs that hang it",
        "`tine fuzz -i -`, cmin, you",
    ),
    entry(
        REPLAY,
        Fate::Result,
        "for each of those that takes inputs before it, a folder of its name with these and itself",
        "`tine fuzz -i -`, `tine showmap --replay`",
    ),
    entry(
        LOST,
        Fate::Result,
        "inputs on which the fork server is lost, if there are any",
        "you",
    ),
    entry(
        "fuzzer_stats",
        Fate::Resumed,
        "counters",
        "`tine fuzz -i -`, `tine status`, afl-whatsup",
    ),
    entry(
        "plot_data",
        Fate::Resumed,
        "their history",
        "afl-plot, `tine fuzz -i -` adds to it",
    ),
    entry(
        "cmdline",
        Fate::Resumed,
        "how the target is run",
        "afl-cmin and the like",
    ),
    entry(
        "fuzzer_setup",
        Fate::Resumed,
        "how the fuzzer was run",
        "`tine status`, `tine fuzz -j`",
    ),
    entry(
        "fuzz_bitmap",
        Fate::Resumed,
        "afl-fuzz's coverage, if it worked here before",
        "afl-fuzz",
    ),
    entry(
        STATE_FILE,
        Fate::Resumed,
        "what is known of the testcases",
        "`tine fuzz -i -`",
    ),
    entry(
        COMPARED_FILE,
        Fate::Resumed,
        "numbers of the testcases whose comparisons were tried (-c)",
        "`tine fuzz -i - -c`",
    ),
    entry(
        SYNCED,
        Fate::Resumed,
        "how far the queues of other instances were read",
        "`tine fuzz -i -`",
    ),
    entry(
        MAIN,
        Fate::Own,
        "there while a main instance (-M) runs",
        "other instances",
    ),
    entry(
        ".cur_input*",
        Fate::Own,
        "the input of the run, for targets with `@@`",
        "the target",
    ),
];
