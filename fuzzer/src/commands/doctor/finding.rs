//! What the doctor says: findings, as data.

use serde::Serialize;
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Good to know; nothing has to be done.
    Note,
    /// It works, but loses time or precision.
    Slower,
    /// It will not work.
    Fails,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Slower => "slower",
            Self::Fails => "fails",
        })
    }
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about; stable.
    pub id: Id,
    /// The same in two or three words.
    pub subject: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What is the case.
    pub what: String,
    /// Why it matters, where that needs saying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What mends it: a command or an option, one a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(id: Id, what: impl Into<String>) -> Self {
        Self::new(id, Level::Ok, what)
    }

    /// Good to know.
    pub fn note(id: Id, what: impl Into<String>) -> Self {
        Self::new(id, Level::Note, what)
    }

    /// Time or precision is lost.
    pub fn slower(id: Id, what: impl Into<String>) -> Self {
        Self::new(id, Level::Slower, what)
    }

    /// It will not work.
    pub fn fails(id: Id, what: impl Into<String>) -> Self {
        Self::new(id, Level::Fails, what)
    }

    /// At `level`.
    pub fn new(id: Id, level: Level, what: impl Into<String>) -> Self {
        Self {
            id,
            subject: id.subject(),
            level,
            what: what.into(),
            why: None,
            remedy: None,
        }
    }

    /// Adds why it matters.
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds what mends it.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Defines the ids: variant, name, subject, what is looked at.
macro_rules! ids {
    ($($variant:ident $name:literal $subject:literal $meaning:literal;)*) => {
        /// What a finding is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Id {
            $(#[doc = $meaning] $variant,)*
        }

        impl Id {
            /// All of them, in the order in which they are looked at.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name, such as `host.kernel`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Two or three words.
            pub const fn subject(self) -> &'static str {
                match self { $(Self::$variant => $subject),* }
            }

            /// What is looked at, and when it is more than a note.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

ids! {
    Kernel "host.kernel" "kernel" "The version of Linux; before 3.17 there are no memory files, and tine fails.";
    CorePattern "host.core-pattern" "core dumps" "Whether core dumps are piped to a helper. tine's targets are limited so that they are not.";
    Segments "host.shm-segments" "shm segments" "System V segments in use against `shmmni`; each tine needs three.";
    SegmentSize "host.shm-size" "shm limits" "`shmmax` and `shmall` against the 8 MiB that a coverage map starts with.";
    StaleSegments "host.shm-stale" "stale segments" "Segments that nobody is attached to, made by a process that is gone.";
    Orphans "host.orphans" "left-over targets" "Targets of a fuzzer that is gone, running or stopped.";
    Addresses "host.addresses" "address layout" "Whether tine may switch address randomisation off for its targets; if not, what it means for sanitizers.";
    Governor "host.cpu-scaling" "CPU scaling" "The governor that sets the clock of the cores.";
    Boost "host.cpu-boost" "CPU boost" "Whether the clock may rise for a while, which makes measurements differ.";
    Cores "host.cores" "cores" "How many cores may be used, and how many of these other fuzzers are bound to.";
    PageTracking "host.page-tracking" "page tracking" "Whether user-fault write-protect (async) and `PAGEMAP_SCAN` work, tried by calling them. Only a snapshot mode needs them.";
    Memory "host.memory" "memory" "Memory that is available, and swap.";
    Processes "host.processes" "processes" "How many more processes the user and the control group may have.";
    OpenFiles "host.open-files" "open files" "Whether descriptors 198 and 199 may be used.";
    FileSize "host.file-size" "file size" "The largest file that may be written.";
    WorkSpace "host.space-work" "working folder" "Free space in the current folder.";
    TemporarySpace "host.space-temporary" "temporary folder" "Free space in the temporary folder.";
    Tracing "host.ptrace" "tracing" "Whether processes may be traced, which `tine trace` needs.";
    Compiler "host.compiler" "compiler" "The compiler that tine-cc would run, and others that it finds.";
    Variables "host.variables" "AFL variables" "`AFL_…` variables in the environment that tine does not know.";
    File "target.file" "file" "Found, executable, and a program for this machine: no script, object file, library or 32-bit program; its loader is there.";
    Linkage "target.libraries" "libraries" "Static or dynamic; which libraries the loader will not find.";
    Instrumented "target.instrumented" "instrumentation" "Whose runtime it has, tine's or AFL's, or none; which modes its signatures announce.";
    Sanitizer "target.sanitizer" "sanitizer" "Its sanitizer, and whether the memory limit (`-m`) leaves room for it.";
    Calls "target.calls" "risky calls" "Calls in it that a fork server does not get on with: `exec`, `fork`, `kill`, `setsid`.";
    Arguments "target.arguments" "arguments" "Whether the input file of `@@` or `-f` can be written.";
    Start "target.start" "fork server" "The handshake: dialect, how long it took, and where it stops.";
    EarlyExit "target.early-exit" "start" "It ends before its fork server starts.";
    EarlyCrash "target.early-crash" "start" "A signal ends it before its fork server starts.";
    EarlyHang "target.early-hang" "start" "It hangs before its fork server starts.";
    Exec "target.exec" "exec" "It executes another program, before the fork server starts or in a run.";
    Forks "target.forks" "processes" "It makes processes before its fork server starts.";
    Threads "target.threads" "threads" "It has threads before its fork server starts; children are without them.";
    MemoryLimit "target.memory-limit" "memory limit" "It does not start under the limit of `-m`.";
    Handshake "target.handshake" "handshake" "What it answers is not the protocol.";
    Map "target.map" "coverage map" "Size of the map, and whether tine had to enlarge it.";
    Input "target.input" "input" "How it gets its input, and whether different inputs make a difference.";
    Resident "target.memory" "server's memory" "Memory of the fork server, which each fork has to copy the tables of.";
    EmptyRun "target.run-empty" "run, empty input" "Outcome, time and edges of a run on no input.";
    InputRun "target.run-input" "run, an input" "Outcome, time and edges of a run on a small input, or on that of `-i`.";
    FirstRun "target.first-run" "forked run" "For a persistent target: the time from fork to the end of the first pass, against the limit.";
    Coverage "target.coverage" "coverage" "Whether runs take any edge at all.";
    LateModules "target.late-libraries" "late libraries" "Libraries that runs load after the fork server started, and whether each of their edges is counted by itself.";
    Stability "target.stability" "stability" "Whether the same input takes the same edges each time.";
    Output "target.output" "output" "How much it writes in a run.";
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Id;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_subjects_fit_their_column() {
        let names: HashSet<_> = Id::ALL.iter().map(|id| id.name()).collect();
        assert_eq!(names.len(), Id::ALL.len());
        for id in Id::ALL {
            assert!(id.subject().len() <= super::super::text::SUBJECT, "{id:?}");
        }
    }
}
