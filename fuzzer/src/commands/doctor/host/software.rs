//! Compilers, and the environment.

use super::machine::Host;
use crate::{
    commands::doctor::finding::{Finding, Id},
    environment::{self, Remark},
};

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
    let remarks = environment::remarks(host.variables());
    let findings = remarks.into_iter().map(|remark| match remark {
        Remark::Note(name, sentence) => {
            Finding::note(Id::Variables, sentence).remedy(format!("unset {name}"))
        }
        Remark::Refusal(name, way_out) => {
            Finding::fails(Id::Variables, format!("{name} is refused by tine fuzz"))
                .why(way_out)
                .remedy(format!("unset {name}"))
        }
    });
    findings.collect()
}
