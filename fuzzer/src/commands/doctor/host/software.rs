//! Compilers, and the environment.

use super::Host;
use crate::commands::doctor::finding::{Finding, Id};

/// What tine, its runtime and tine-cc read; `docs/compatibility.md` has the same.
const KNOWN: &[&str] = &[
    "AFL_AUTORESUME",
    "AFL_CRASH_EXITCODE",
    "AFL_DEBUG",
    "AFL_DEBUG_CHILD",
    "AFL_DONT_OPTIMIZE",
    "AFL_FORKSRV_INIT_TMOUT",
    "AFL_HANG_TMOUT",
    "AFL_HARDEN",
    "AFL_MAP_SIZE",
    "AFL_NO_AFFINITY",
    "AFL_PRELOAD",
    "AFL_SKIP_BIN_CHECK",
    "AFL_USE_ASAN",
    "AFL_USE_CFISAN",
    "AFL_USE_LSAN",
    "AFL_USE_MSAN",
    "AFL_USE_TSAN",
    "AFL_USE_UBSAN",
];

/// Of other programs, or what afl-fuzz does and tine always does: no news.
const HARMLESS: &[&str] = &[
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES",
    "AFL_SKIP_CPUFREQ",
    "AFL_PATH",
];

pub fn compiler(host: &impl Host, has_target: bool) -> Finding {
    let tools = host.tools().join(", ");
    match host.compiler() {
        Ok(path) => {
            let finding = Finding::ok(Id::Compiler, format!("tine-cc runs {}", path.display()));
            if tools.is_empty() {
                finding
            } else {
                finding.why(format!("found {tools}"))
            }
        }
        Err(error) if has_target => {
            Finding::note(Id::Compiler, error).why("tine-cc needs one, tine fuzz does not")
        }
        Err(error) => {
            Finding::fails(Id::Compiler, error).remedy("apt-get install clang lld     # as root")
        }
    }
}

pub fn variables(host: &impl Host) -> Vec<Finding> {
    let mut names: Vec<_> = host
        .variables()
        .into_iter()
        .filter(|name| name.starts_with("AFL_"))
        .filter(|name| !KNOWN.contains(&name.as_str()) && !HARMLESS.contains(&name.as_str()))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            Finding::note(Id::Variables, format!("{name} has no effect in tine"))
                .why("docs/compatibility.md lists what has")
                .remedy(format!("unset {name}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::KNOWN;

    /// The page writes `AFL_USE_ASAN`, `_UBSAN` and so on.
    #[test]
    fn known_variables_are_those_of_the_compatibility_page() {
        let page = include_str!("../../../../../docs/compatibility.md");
        for name in KNOWN {
            let short = name.strip_prefix("AFL_USE").unwrap_or(name);
            let is_there =
                page.contains(&format!("`{name}`")) || page.contains(&format!("`{short}`"));
            assert!(is_there, "{name} is not in docs/compatibility.md");
        }
    }
}
