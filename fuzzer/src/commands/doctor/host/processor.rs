//! Cores and their clock.

use super::machine::{Host, number};
use crate::{
    commands::doctor::finding::{Finding, Id},
    engine::bound_core,
};
use std::collections::{BTreeMap, BTreeSet};

const CORES: &str = "/sys/devices/system/cpu";

pub fn examine(host: &impl Host) -> Vec<Finding> {
    let mut findings = vec![governor(host)];
    findings.extend(boost(host));
    findings.push(cores(host));
    findings
}

fn governor(host: &impl Host) -> Finding {
    let mut governors = BTreeMap::<String, usize>::new();
    for name in host.names(CORES) {
        let number = name.strip_prefix("cpu").unwrap_or_default();
        if number.parse::<u32>().is_err() {
            continue;
        }
        if let Ok(governor) = host.read(&format!("{CORES}/{name}/cpufreq/scaling_governor")) {
            *governors.entry(governor.trim().to_owned()).or_default() += 1;
        }
    }
    if governors.is_empty() {
        return Finding::ok(
            Id::Governor,
            "left to the hardware or the host of this machine",
        );
    }
    let slow: usize = governors
        .iter()
        .filter(|(governor, _)| *governor != "performance")
        .map(|(_, count)| count)
        .sum();
    let names: Vec<_> = governors.keys().map(String::as_str).collect();
    let what = format!("governor: {}", names.join(", "));
    if slow == 0 {
        return Finding::ok(Id::Governor, what);
    }
    Finding::slower(Id::Governor, what)
        .why(format!(
            "{slow} cores change their clock with the load; a run is so short that it may not \
             count as load. Not needed for tine to work"
        ))
        .remedy(format!(
            "echo performance | tee {CORES}/cpu*/cpufreq/scaling_governor   # as root"
        ))
}

fn boost(host: &impl Host) -> Option<Finding> {
    let off = |path: &str, value: u64| number(host, path).map(|found| found == value);
    let intel = "/sys/devices/system/cpu/intel_pstate/no_turbo";
    let others = "/sys/devices/system/cpu/cpufreq/boost";
    let (is_off, remedy) = match (off(intel, 1), off(others, 0)) {
        (Some(is_off), _) => (is_off, format!("echo 1 >{intel}   # as root")),
        (None, Some(is_off)) => (is_off, format!("echo 0 >{others}   # as root")),
        (None, None) => return None,
    };
    Some(if is_off {
        Finding::ok(Id::Boost, "off: measurements compare well")
    } else {
        Finding::note(Id::Boost, "on, which is fine for fuzzing")
            .why("switch it off only to compare measurements")
            .remedy(remedy)
    })
}

fn cores(host: &impl Host) -> Finding {
    let allowed = host.allowed_cores();
    let me = std::process::id().to_string();
    let bound: BTreeSet<usize> = host
        .names("/proc")
        .iter()
        .filter(|pid| pid.parse::<u32>().is_ok() && **pid != me)
        .filter_map(|pid| bound_core(&host.read(&format!("/proc/{pid}/status")).ok()?))
        .filter(|core| allowed.contains(core))
        .collect();
    let (all, taken) = (allowed.len(), bound.len());
    let may = if all == 1 {
        "1 core"
    } else {
        &format!("{all} cores")
    };
    if taken == 0 {
        return Finding::ok(Id::Cores, format!("{may}, none is taken"));
    }
    if taken < all {
        return Finding::ok(
            Id::Cores,
            format!("{may}, {taken} taken by other processes; tine takes a free one"),
        );
    }
    Finding::slower(Id::Cores, format!("{may}, all taken by other processes"))
        .why("tine runs all the same, unbound, and shares a core with them")
        .remedy("run fewer fuzzers here, one a core")
}
