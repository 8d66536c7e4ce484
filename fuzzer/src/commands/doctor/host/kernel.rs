//! Settings and abilities of the kernel.

use super::machine::{Host, number};
use crate::commands::doctor::finding::{Finding, Id};

/// Linux before this one has no files in memory, which inputs are handed over by.
const OLDEST: (u32, u32) = (3, 17);

/// More random bits than this collide with the fixed places that sanitizers of
/// clang before 18 keep for themselves.
const SANITIZER_RANDOM_BITS: u64 = 28;

pub fn version(host: &impl Host) -> Finding {
    let Ok(text) = host.read("/proc/sys/kernel/osrelease") else {
        return Finding::note(Id::Kernel, "its version cannot be read");
    };
    let text = text.trim();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    let mut next = || numbers.next()?.parse::<u32>().ok();
    match next().zip(next()) {
        Some(version) if version < OLDEST => Finding::fails(Id::Kernel, format!("Linux {text}"))
            .why("inputs are handed over in memory files, which came with 3.17")
            .remedy("install a newer kernel"),
        _ => Finding::ok(Id::Kernel, format!("Linux {text}")),
    }
}

/// AFL's tools stop where crashes are piped to a helper: it delays the news of a
/// crash until the helper is done. A core limit of 1 byte stops the pipe as well.
pub fn core_pattern(host: &impl Host) -> Finding {
    let Ok(pattern) = host.read("/proc/sys/kernel/core_pattern") else {
        return Finding::note(Id::CorePattern, "core_pattern cannot be read");
    };
    let pattern = pattern.trim();
    let Some(helper) = pattern.strip_prefix('|') else {
        return Finding::ok(Id::CorePattern, "none are written or piped in a run");
    };
    let helper = helper.split_whitespace().next().unwrap_or_default();
    Finding::note(
        Id::CorePattern,
        format!("piped to {helper}, but not from tine's targets"),
    )
    .why(
        "tine gives them a core limit of 1 byte, by which Linux leaves the helper out. \
             Only a target that raises its own limit, or afl-fuzz, still needs this:",
    )
    .remedy("echo core >/proc/sys/kernel/core_pattern        # as root")
}

pub fn addresses(host: &impl Host) -> Finding {
    let randomised = number(host, "/proc/sys/kernel/randomize_va_space").unwrap_or(2);
    if randomised == 0 {
        return Finding::ok(Id::Addresses, "randomisation is off");
    }
    if host.fixes_addresses() {
        return Finding::ok(
            Id::Addresses,
            "tine may switch randomisation off for targets",
        );
    }
    let bits = number(host, "/proc/sys/vm/mmap_rnd_bits").unwrap_or(0);
    let finding = Finding::note(
        Id::Addresses,
        "tine may not switch randomisation off for targets",
    );
    if bits > SANITIZER_RANDOM_BITS {
        return finding
            .why(format!(
                "edges stay exact, but with {bits} random bits targets with Address-, Memory- or \
                 ThreadSanitizer of clang before 18 fail now and then at start"
            ))
            .remedy(format!(
                "sysctl -w vm.mmap_rnd_bits={SANITIZER_RANDOM_BITS}                # as root"
            ));
    }
    finding
        .why("edges stay exact; only code that depends on addresses may run differently each time")
        .remedy("docker run --security-opt seccomp=unconfined    # in a container")
}

pub fn page_tracking(host: &impl Host) -> Finding {
    match host.tracks_pages() {
        Ok(()) => Finding::ok(
            Id::PageTracking,
            "user-fault write-protect (async) and PAGEMAP_SCAN work",
        ),
        Err(what) => Finding::note(Id::PageTracking, what).why(
            "fork and persistent mode do without; restoring a target's memory between runs \
             needs Linux 6.7, and a container that lets userfaultfd through",
        ),
    }
}

pub fn tracing(host: &impl Host) -> Finding {
    let why = "fuzzing does without; `tine trace`, and finding what happens before a fork server \
               starts, do not";
    let scope = number(host, "/proc/sys/kernel/yama/ptrace_scope").unwrap_or(0);
    if scope >= 3 {
        return Finding::note(Id::Tracing, "ptrace is off until the next boot")
            .why(why)
            .remedy("set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d, then reboot");
    }
    if scope == 2 && host.user() != 0 {
        return Finding::note(Id::Tracing, "ptrace is for root only")
            .why(why)
            .remedy("sysctl -w kernel.yama.ptrace_scope=1            # as root");
    }
    Finding::ok(Id::Tracing, "tine trace may trace what it starts")
}
