//! A compare-log segment of the test's own, and what lies in it.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use tine_ipc::shm::Segment;
use tine_protocol::env;
use tine_protocol::layout::{
    cmplog::{Kind, Layout, MAX_ENTRY_SIZE, Operands, Place, Routine, SITES, attribute},
    coverage::FIRST_MAP_SIZE,
};

/// Something that a program logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An instruction.
    Instruction {
        /// `compare`, `switch` or `float`.
        what: &'static str,
        /// In bytes.
        width: u8,
        /// Its operands.
        operands: Operands,
    },
    /// A routine.
    Routine(Routine),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instruction {
                what,
                width,
                operands,
            } => {
                write!(f, "{what} {width} {:#x} {:#x}", operands.v0, operands.v1)
            }
            Self::Routine(routine) => {
                let what = if routine.v0.text { "text" } else { "memory" };
                let shown = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\x00", "\\0");
                let (v0, v1) = (shown(routine.v0.as_slice()), shown(routine.v1.as_slice()));
                write!(f, "{what} \"{v0}\" \"{v1}\"")
            }
        }
    }
}

/// The segment.
pub struct Log {
    segment: Segment,
    layout: Layout,
}

impl Log {
    /// A fresh one.
    pub fn new(layout: Layout) -> Self {
        let segment = Segment::create(layout.segment_size()).expect("a segment");
        Self { segment, layout }
    }

    /// The variable that names it to a target.
    pub fn variable(&self) -> (String, String) {
        (
            env::name(env::CMPLOG_SHM_ID).into(),
            self.segment.id().to_string(),
        )
    }

    /// Runs `program` with a log and a coverage segment, but without a fork server.
    pub fn run(&self, program: &std::path::Path) -> ExitStatus {
        let coverage = Segment::create(FIRST_MAP_SIZE).expect("a segment");
        let (name, value) = self.variable();
        let done = Command::new(program)
            .env(name, value)
            .env(env::name(env::COVERAGE_SHM_ID), coverage.id().to_string())
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .output()
            .expect("the program runs");
        assert!(
            done.status.code() == Some(0) && done.stderr.is_empty(),
            "{}: {} (signal {:?})\n{}",
            program.display(),
            done.status,
            done.status.signal(),
            String::from_utf8_lossy(&done.stderr),
        );
        done.status
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.segment.write(0, &vec![0; self.layout.headers_size()]);
    }

    /// Everything in it: the entries of each site in their order, and how often the site
    /// was reached.
    pub fn sites(&self) -> Vec<(u32, Vec<Entry>)> {
        (0..SITES as u32)
            .filter_map(|site| self.site(site as u16))
            .collect()
    }

    /// All entries.
    pub fn entries(&self) -> Vec<Entry> {
        self.sites()
            .into_iter()
            .flat_map(|(_, entries)| entries)
            .collect()
    }

    fn site(&self, site: u16) -> Option<(u32, Vec<Entry>)> {
        let mut word = [0; 8];
        let size = self.layout.header_size();
        self.segment
            .read(self.layout.header_offset(site), &mut word[..size]);
        let header = self.layout.decode_header(u64::from_le_bytes(word))?;
        let entries = (0..header.logged(self.layout) as u32).map(|hit| {
            let mut entry = [0; MAX_ENTRY_SIZE];
            let entry = &mut entry[..self.layout.entry_size(header.kind)];
            let offset = self.layout.entry_offset(site, header.kind, hit);
            self.segment.read(offset, entry);
            match header.kind {
                Kind::Instruction => Entry::Instruction {
                    what: match header.attribute {
                        attribute::EQUAL => "switch",
                        attribute::FLOATING_POINT => "float",
                        _ => "compare",
                    },
                    width: header.bytes,
                    operands: Operands::decode(self.layout, entry, header.bytes).expect("whole"),
                },
                Kind::Routine => Entry::Routine(
                    Routine::decode(self.layout, entry, header.bytes).expect("whole"),
                ),
            }
        });
        Some((header.hits, entries.collect()))
    }
}

/// Whether the second operand of a routine was seen to be a constant.
pub fn has_constant(entry: &Entry) -> bool {
    matches!(entry, Entry::Routine(routine) if routine.v1.place == Place::ReadOnly)
}
