//! The memory of the traced, read from outside: buffers of system calls, and the
//! segments, which are attached here as well.

use crate::kernel;
use std::{fs, path::PathBuf};
use tine_ipc::shm::Segment;
use tine_protocol::layout::input;

/// Limit of bytes of a buffer that are read. A dictionary is longer,
/// but only counted.
const LONGEST: usize = 4096;

/// The first bytes of a buffer of `pid`.
pub(crate) fn bytes(pid: i32, address: u64, count: usize) -> Vec<u8> {
    let mut buffer = vec![0; count.min(LONGEST)];
    let read = kernel::read_memory(pid, address, &mut buffer);
    buffer.truncate(read);
    buffer
}

/// A number of `pid`, in native byte order.
pub(crate) fn int(pid: i32, address: u64) -> Option<i32> {
    let bytes = bytes(pid, address, 4);
    bytes.try_into().ok().map(i32::from_ne_bytes)
}

/// The two numbers that `pipe(2)` fills in.
pub(crate) fn two_ints(pid: i32, address: u64) -> Option<(i32, i32)> {
    Some((int(pid, address)?, int(pid, address + 4)?))
}

/// The file behind a descriptor of `pid`: `pipe:[123]`, a path.
pub(crate) fn descriptor(pid: i32, fd: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()
}

/// A process's environment, as it was when its program was executed.
pub(crate) fn environment(pid: i32) -> Vec<(String, String)> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            let entry = String::from_utf8_lossy(entry).into_owned();
            let (name, value) = entry.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The file that `pid` executes.
pub(crate) fn program(pid: i32) -> String {
    fs::read_link(format!("/proc/{pid}/exe"))
        .map(|path| path.display().to_string())
        .unwrap_or_default()
}

/// The process that thread `tid` belongs to.
pub(crate) fn process_of(tid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    line.trim().parse().ok()
}

/// The segments that the runs go through.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    coverage: Option<Segment>,
    input: Option<Segment>,
}

impl Segments {
    /// Attaches those that the environment of a target names.
    pub(crate) fn attach(coverage: Option<i32>, input: Option<i32>) -> Self {
        let attach = |id: Option<i32>| id.and_then(|id| Segment::attach(id).ok());
        Self {
            coverage: attach(coverage),
            input: attach(input),
        }
    }

    /// The counters that are not zero among the first `map_bytes`: how many, and the
    /// first few of them. `None` without a segment.
    pub(crate) fn counters(
        &self,
        map_bytes: usize,
        few: usize,
    ) -> Option<(usize, Vec<(usize, u8)>)> {
        let segment = self.coverage.as_ref()?;
        let mut map = vec![0; map_bytes.min(segment.size())];
        segment.read(0, &mut map);
        let taken = map
            .iter()
            .enumerate()
            .filter(|(_, count)| **count != 0)
            .map(|(edge, count)| (edge, *count));
        Some((taken.clone().count(), taken.take(few).collect()))
    }

    /// Size of the coverage segment in bytes.
    pub(crate) fn coverage_size(&self) -> Option<usize> {
        self.coverage.as_ref().map(Segment::size)
    }

    /// Length of the input in the input segment.
    pub(crate) fn input_length(&self) -> Option<u32> {
        let mut length = [0; 4];
        self.input.as_ref()?.read(input::LENGTH_OFFSET, &mut length);
        Some(u32::from_ne_bytes(length))
    }
}

/// Returns whether the System V segment `id` still exists.
pub(crate) fn segment_exists(id: i32) -> bool {
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    table.lines().skip(1).any(|line| {
        line.split_whitespace()
            .nth(1)
            .and_then(|word| word.parse().ok())
            == Some(id)
    })
}
