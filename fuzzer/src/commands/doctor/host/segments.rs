//! System V shared memory: its limits, and what others left there.

use super::machine::{Host, number, shown_bytes};
use crate::commands::doctor::finding::{Finding, Id};
use tine_controller::FIRST_MAP_SIZE;

/// Coverage, input and control page.
const NEEDED: u64 = 3;

/// What the three need: the first map, an input, a page.
const NEEDED_BYTES: u64 = FIRST_MAP_SIZE as u64 + (1 << 20) + 2 * 4096;

/// How many stale segments are named in a command.
const NAMED: usize = 8;

/// A line of `/proc/sysvipc/shm`.
struct Segment {
    id: u64,
    bytes: u64,
    creator: u32,
    attached: u64,
}

pub fn examine(host: &impl Host) -> Vec<Finding> {
    let Some(segments) = list(host) else {
        return vec![
            Finding::fails(Id::Segments, "there is no System V shared memory")
                .why("/proc/sysvipc/shm is missing, and tine shares its coverage map that way")
                .remedy("use a kernel with CONFIG_SYSVIPC"),
        ];
    };
    let mut findings = vec![count(host, &segments), sizes(host, &segments)];
    findings.extend(stale(host, &segments));
    findings
}

fn list(host: &impl Host) -> Option<Vec<Segment>> {
    let table = host.read("/proc/sysvipc/shm").ok()?;
    let mut lines = table.lines();
    let heading: Vec<_> = lines.next()?.split_whitespace().collect();
    let column = |name: &str| heading.iter().position(|title| *title == name);
    let (id, bytes) = (column("shmid")?, column("size")?);
    let (creator, attached) = (column("cpid")?, column("nattch")?);
    let segments = lines.filter_map(|line| {
        let row: Vec<_> = line.split_whitespace().collect();
        Some(Segment {
            id: row.get(id)?.parse().ok()?,
            bytes: row.get(bytes)?.parse().ok()?,
            creator: row.get(creator)?.parse().ok()?,
            attached: row.get(attached)?.parse().ok()?,
        })
    });
    Some(segments.collect())
}

fn count(host: &impl Host, segments: &[Segment]) -> Finding {
    let most = number(host, "/proc/sys/kernel/shmmni").unwrap_or(4096);
    let used = segments.len() as u64;
    let what = format!("{used} of {most} in use");
    if most.saturating_sub(used) >= NEEDED {
        return Finding::ok(Id::Segments, what);
    }
    Finding::fails(Id::Segments, what)
        .why(format!("each tine needs {NEEDED}"))
        .remedy(format!(
            "sysctl -w kernel.shmmni={}                # as root",
            most.saturating_mul(2).max(4096)
        ))
}

fn sizes(host: &impl Host, segments: &[Segment]) -> Finding {
    const PAGE: u64 = 4096;
    let largest = number(host, "/proc/sys/kernel/shmmax").unwrap_or(u64::MAX);
    if largest < FIRST_MAP_SIZE as u64 {
        return Finding::fails(
            Id::SegmentSize,
            format!("a segment may have {} (shmmax)", shown_bytes(largest)),
        )
        .why(format!(
            "a coverage map starts with {}",
            shown_bytes(FIRST_MAP_SIZE as u64)
        ))
        .remedy("sysctl -w kernel.shmmax=1073741824              # as root");
    }
    let all = number(host, "/proc/sys/kernel/shmall")
        .map_or(u64::MAX, |pages| pages.saturating_mul(PAGE));
    let used = segments.iter().fold(0u64, |sum, segment| {
        sum.saturating_add(segment.bytes.next_multiple_of(PAGE))
    });
    let left = all.saturating_sub(used);
    if left < NEEDED_BYTES {
        return Finding::fails(
            Id::SegmentSize,
            format!("{} left for all segments (shmall)", shown_bytes(left)),
        )
        .why(format!("each tine needs {}", shown_bytes(NEEDED_BYTES)))
        .remedy("sysctl -w kernel.shmall=4194304                 # as root");
    }
    Finding::ok(Id::SegmentSize, "large enough (shmmax, shmall)")
}

/// A fuzzer that ends by an error may leave its segments for ever. tine's are marked
/// for removal at once.
fn stale(host: &impl Host, segments: &[Segment]) -> Option<Finding> {
    let gone = |pid: u32| host.read(&format!("/proc/{pid}/status")).is_err();
    let stale: Vec<_> = segments
        .iter()
        .filter(|segment| segment.attached == 0 && gone(segment.creator))
        .collect();
    if stale.is_empty() {
        return None;
    }
    let bytes = stale.iter().map(|segment| segment.bytes).sum();
    let plural = if stale.len() == 1 { "" } else { "s" };
    let ids = stale.iter().take(NAMED);
    let command = ids.fold(String::from("ipcrm"), |command, segment| {
        format!("{command} -m {}", segment.id)
    });
    let more = if stale.len() > NAMED {
        "\nipcs -mp      # lists the others: LPID and CPID gone, nattch 0"
    } else {
        ""
    };
    let what = format!(
        "{} segment{plural}, {} in all: nobody attached, creator gone",
        stale.len(),
        shown_bytes(bytes)
    );
    let finding = Finding::note(Id::StaleSegments, what)
        .why("left by a program that ended badly, perhaps a fuzzer; they hold memory");
    Some(finding.remedy(format!("{command}{more}")))
}
