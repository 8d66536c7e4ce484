//! The machine: what of it tine needs, and what it lacks.

mod kernel;
mod leftovers;
mod limits;
mod live;
mod machine;
mod processor;
mod segments;
mod software;

#[cfg(test)]
mod tests;

pub use live::Live;
pub use machine::{Host, shown_bytes};

use super::finding::Finding;
#[cfg(test)]
use machine::{Limit, Place, Space};

/// Looks at everything. `has_target` tells that there is a program already, so that
/// no compiler is needed.
pub fn examine(host: &impl Host, has_target: bool) -> Vec<Finding> {
    let mut findings = vec![kernel::version(host), kernel::core_pattern(host)];
    findings.extend(segments::examine(host));
    findings.extend(leftovers::orphans(host));
    findings.push(kernel::addresses(host));
    findings.extend(processor::examine(host));
    findings.push(kernel::page_tracking(host));
    findings.extend(limits::examine(host));
    findings.push(kernel::tracing(host));
    findings.push(software::compiler(host, has_target));
    findings.extend(software::variables(host));
    findings
}
