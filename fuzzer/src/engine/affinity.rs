//! Which core to run on. The fork server and its children inherit it, so that
//! all three share one core: handing over costs a fraction of what it costs
//! across two.

use super::config::CoreChoice;
use nix::{
    errno::Errno,
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use std::fs;

/// Where the fuzzer runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Bound to this core.
    Core(usize),
    /// All cores that it may use belong to others: not bound.
    NoneFree {
        /// How many cores it may use.
        allowed: usize,
    },
    /// Not bound because the user or the system does not want it.
    Free,
}

impl Placement {
    /// The core, if there is one.
    #[must_use]
    pub const fn core(self) -> Option<usize> {
        match self {
            Self::Core(core) => Some(core),
            Self::NoneFree { .. } | Self::Free => None,
        }
    }
}

/// Why the core that was asked for cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot run on core {core} (-b): {source}; {allowed}")]
pub struct AffinityError {
    core: usize,
    source: Errno,
    /// The cores that may be asked for, in words.
    allowed: String,
}

fn in_words(allowed: &CpuSet) -> String {
    let cores: Vec<String> = cores_of(allowed).map(|core| core.to_string()).collect();
    match cores.as_slice() {
        [] => "leave -b away to let tine choose".into(),
        [core] => format!("only core {core} may be used"),
        _ => format!("cores {} may be used", cores.join(", ")),
    }
}

/// Binds this process to the core that is wanted, or else to one that nobody is bound to.
/// Where the one that is wanted cannot be had and need not be, `complain` is told why.
///
/// # Errors
/// When the one that is wanted cannot be had.
pub fn place(
    choice: CoreChoice,
    complain: impl FnOnce(&AffinityError),
) -> Result<Placement, AffinityError> {
    let own = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
    if let Some(core) = choice.wanted {
        let failed = |source| AffinityError {
            core,
            source,
            allowed: in_words(&own),
        };
        return match bind(core).map_err(failed) {
            Ok(()) => Ok(Placement::Core(core)),
            Err(error) if choice.may_fail => {
                complain(&error);
                Ok(Placement::Free)
            }
            Err(error) => Err(error),
        };
    }
    let mut allowed = cores_of(&own);
    match (allowed.next(), allowed.next()) {
        // Somebody has bound this process already.
        (Some(core), None) => return Ok(Placement::Core(core)),
        (None, _) => return Ok(Placement::Free),
        _ if choice.off => return Ok(Placement::Free),
        _ => {}
    }
    let me = std::process::id();
    for core in cores_of(&own) {
        if bound_processes().iter().any(|&(_, other)| other == core) {
            continue;
        }
        if bind(core).is_err() {
            continue;
        }
        // Another fuzzer may have looked at the same time. The older one stays.
        if !bound_processes()
            .iter()
            .any(|&(pid, other)| other == core && pid < me)
        {
            return Ok(Placement::Core(core));
        }
    }
    // The system allowed it a moment ago.
    let _ = sched_setaffinity(Pid::from_raw(0), &own);
    Ok(Placement::NoneFree {
        allowed: cores_of(&own).count(),
    })
}

fn bind(core: usize) -> Result<(), Errno> {
    let mut set = CpuSet::new();
    set.set(core)?;
    sched_setaffinity(Pid::from_raw(0), &set)
}

fn cores_of(set: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::count()).filter(|&core| set.is_set(core) == Ok(true))
}

/// The processes that are bound to a single core, with that core. Kernel threads
/// and this process do not count.
fn bound_processes() -> Vec<(u32, usize)> {
    let me = std::process::id();
    let Ok(folders) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    folders
        .filter_map(|folder| {
            let folder = folder.ok()?;
            let pid: u32 = folder.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(folder.path().join("status")).ok()?;
            (pid != me).then_some(())?;
            Some((pid, bound_core(&status)?))
        })
        .collect()
}

/// The cores that this process may run on.
#[must_use]
pub fn allowed_cores() -> Vec<usize> {
    cores_of(&sched_getaffinity(Pid::from_raw(0)).unwrap_or_default()).collect()
}

/// The cores that nobody is bound to, for several instances. `None` when this process
/// is bound to one already: then it is not for us to choose.
#[must_use]
pub fn free_cores() -> Option<Vec<usize>> {
    let mut cores = allowed_cores();
    if cores.len() < 2 {
        return None;
    }
    let bound = bound_processes();
    cores.retain(|&core| bound.iter().all(|&(_, other)| other != core));
    Some(cores)
}

/// The one core that a process may run on, from its `/proc/PID/status`.
#[must_use]
pub fn bound_core(status: &str) -> Option<usize> {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    // Kernel threads have no memory of their own.
    field("VmSize:")?;
    field("Cpus_allowed_list:")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::bound_core;

    #[test]
    fn only_processes_with_one_core_are_bound() {
        let status =
            |cores: &str| format!("Name:\tx\nVmSize:\t 9 kB\nCpus_allowed_list:\t{cores}\n");
        assert_eq!(bound_core(&status("3")), Some(3));
        assert_eq!(bound_core(&status("0-3")), None);
        assert_eq!(bound_core(&status("0,2")), None);
        assert_eq!(bound_core("Name:\tkworker\nCpus_allowed_list:\t1\n"), None);
    }
}
