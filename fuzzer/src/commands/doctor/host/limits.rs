//! Memory, processes, files.

use super::machine::{Host, Limit, Place, number, shown_bytes};
use crate::commands::doctor::finding::{Finding, Id};
use tine_protocol::fds::STATUS_FD;

const MIB: u64 = 1 << 20;

/// Below this a target with a sanitizer hardly starts.
const LITTLE_MEMORY: u64 = 256 * MIB;

/// tine itself, with its maps.
const LEAST_MEMORY: u64 = 64 * MIB;

/// The fuzzer, the fork server, a child and one for a confirmed hang.
const LEAST_PROCESSES: u64 = 4;

/// Inputs of this size are allowed.
const LARGEST_INPUT: u64 = MIB;

const LEAST_SPACE: u64 = 16 * MIB;
const LITTLE_SPACE: u64 = 1024 * MIB;
const LITTLE_FILES: u64 = 10_000;

/// So many descriptors reach to those of the pipes.
const DESCRIPTORS: u64 = STATUS_FD as u64 + 1;

pub fn examine(host: &impl Host) -> Vec<Finding> {
    let mut findings = vec![memory(host), processes(host), open_files(host)];
    findings.extend(file_size(host));
    findings.push(space(host, Place::Work));
    findings.push(space(host, Place::Temporary));
    findings
}

fn memory(host: &impl Host) -> Finding {
    let Ok(table) = host.read("/proc/meminfo") else {
        return Finding::note(Id::Memory, "/proc/meminfo cannot be read");
    };
    let field = |name: &str| {
        let line = table.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1024)
    };
    let Some(available) = field("MemAvailable:") else {
        return Finding::note(Id::Memory, "/proc/meminfo does not say what is available");
    };
    let swap = field("SwapTotal:").unwrap_or(0);
    let what = format!(
        "{} available, {} swap",
        shown_bytes(available),
        shown_bytes(swap)
    );
    if available < LEAST_MEMORY {
        return Finding::fails(Id::Memory, what)
            .why("tine and a target need more; the kernel would kill one of them")
            .remedy("end other programs, or add memory");
    }
    if available < LITTLE_MEMORY {
        return Finding::slower(Id::Memory, what)
            .why("little for a target with a sanitizer, which takes some hundred MiB")
            .remedy("tine fuzz -m MB …     # limits the target, so that it fails first");
    }
    Finding::ok(Id::Memory, what)
}

fn processes(host: &impl Host) -> Finding {
    let (soft, _) = host.limit(Limit::Processes);
    let user = host.user();
    // The limit does not hold for root.
    let of_user = if user == 0 || soft == u64::MAX {
        None
    } else {
        Some((soft.saturating_sub(count_of(host, user)), "ulimit -u"))
    };
    let of_group = group(host).map(|left| (left, "pids.max"));
    let tightest = [of_user, of_group].into_iter().flatten().min();
    match tightest {
        None => Finding::ok(Id::Processes, "no limit that matters"),
        Some((left, _)) if left >= LEAST_PROCESSES => {
            Finding::ok(Id::Processes, format!("{left} more may be started"))
        }
        Some((left, limit)) => Finding::fails(
            Id::Processes,
            format!("{left} more may be started ({limit})"),
        )
        .why("each run forks a process")
        .remedy(if limit == "ulimit -u" {
            "ulimit -u 4096"
        } else {
            "docker run --pids-limit 4096    # or pids.max of the control group"
        }),
    }
}

/// Processes and threads of this user.
fn count_of(host: &impl Host, user: u32) -> u64 {
    let count = |pid: &String| {
        pid.parse::<u32>().ok()?;
        let status = host.read(&format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        (field("Uid:")? == u64::from(user)).then(|| field("Threads:").unwrap_or(1))
    };
    host.names("/proc").iter().filter_map(count).sum()
}

/// How many more processes the control groups of this process allow.
fn group(host: &impl Host) -> Option<u64> {
    let groups = host.read("/proc/self/cgroup").ok()?;
    let folder = groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, kind, path) = (parts.next()?, parts.next()?, parts.next()?);
        match kind {
            "" => Some(format!("/sys/fs/cgroup{path}")),
            "pids" => Some(format!("/sys/fs/cgroup/pids{path}")),
            _ => None,
        }
        .filter(|folder| host.read(&format!("{folder}/pids.max")).is_ok())
    })?;
    let most = number(host, &format!("{folder}/pids.max"))?;
    let now = number(host, &format!("{folder}/pids.current"))?;
    Some(most.saturating_sub(now))
}

fn open_files(host: &impl Host) -> Finding {
    let (_, hard) = host.limit(Limit::OpenFiles);
    if hard >= DESCRIPTORS {
        return Finding::ok(Id::OpenFiles, "descriptors 198 and 199 may be used");
    }
    Finding::fails(
        Id::OpenFiles,
        format!("{hard} descriptors at most (ulimit -Hn)"),
    )
    .why("the fork server's pipes are on descriptors 198 and 199")
    .remedy("ulimit -n 1024     # in a shell that root, or limits.conf, lets")
}

fn file_size(host: &impl Host) -> Option<Finding> {
    let (soft, _) = host.limit(Limit::FileSize);
    if soft == u64::MAX {
        return None;
    }
    let what = format!("files may have {} (ulimit -f)", shown_bytes(soft));
    let finding = if soft < LARGEST_INPUT {
        Finding::fails(Id::FileSize, what).why("inputs are files too, of up to 1 MiB")
    } else {
        Finding::note(Id::FileSize, what).why("a target that writes more gets SIGXFSZ")
    };
    Some(finding.remedy("ulimit -f unlimited"))
}

fn space(host: &impl Host, place: Place) -> Finding {
    let (id, remedy) = match place {
        Place::Work => (
            Id::WorkSpace,
            "make room there, or give -o a folder elsewhere",
        ),
        Place::Temporary => (
            Id::TemporarySpace,
            "export TMPDIR=FOLDER     # one with room",
        ),
    };
    let (folder, free) = host.space(place);
    let folder = folder.display();
    let free = match free {
        Ok(free) => free,
        Err(error) => {
            return Finding::fails(id, format!("{folder}: {error}")).remedy(remedy);
        }
    };
    let few_files = free.files.filter(|files| *files < LITTLE_FILES);
    let what = match few_files {
        Some(files) => format!(
            "{} and {files} files free in {folder}",
            shown_bytes(free.bytes)
        ),
        None => format!("{} free in {folder}", shown_bytes(free.bytes)),
    };
    if free.bytes < LEAST_SPACE || few_files == Some(0) {
        Finding::fails(id, what).remedy(remedy)
    } else if free.bytes < LITTLE_SPACE || few_files.is_some() {
        Finding::note(id, what)
            .why("a long session, or a target that writes files, may fill it")
            .remedy(remedy)
    } else {
        Finding::ok(id, what)
    }
}
