//! The clauses of docs/protocol/specification.md and the tests that prove them.
//!
//! `clauses.toml` says which test proves which clause. What it names has to exist:
//! the clause in the specification, the test function in its file, the sample target
//! in `targets/expected.toml`. A clause that no test proves is listed as one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::paths;

/// The specification, from the workspace's root.
pub const SPECIFICATION: &str = "docs/protocol/specification.md";
const PROOFS: &str = include_str!("clauses.toml");
const TARGETS: &str = "targets/expected.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proofs {
    /// Clause -> `FILE::FUNCTION`, or `FILE::FUNCTION(TARGET)` for a test that runs
    /// over the sample targets.
    tests: BTreeMap<String, Vec<String>>,
}

/// The table, with the clauses that no test proves below it.
pub fn table() -> Result<String> {
    let text = read(SPECIFICATION)?;
    let clauses = clauses(&text)?;
    let proofs: Proofs = toml::from_str(PROOFS).context("clauses.toml is not as it should be")?;
    let targets = read(TARGETS)?;
    for (clause, tests) in &proofs.tests {
        if !clauses.contains(clause) {
            bail!("clauses.toml names {clause}, which {SPECIFICATION} does not define");
        }
        for test in tests {
            check(test, &targets).with_context(|| format!("the test of {clause}"))?;
        }
    }
    Ok(render(&clauses, &proofs))
}

fn render(clauses: &[String], proofs: &Proofs) -> String {
    let tests = |clause: &String| proofs.tests.get(clause).filter(|tests| !tests.is_empty());
    let mut text = String::from("| clause | tests |\n|---|---|\n");
    for clause in clauses {
        if let Some(tests) = tests(clause) {
            text += &format!("| {clause} | `{}` |\n", tests.join("`, `"));
        }
    }
    let bare: Vec<&str> = clauses
        .iter()
        .filter(|clause| tests(clause).is_none())
        .map(String::as_str)
        .collect();
    text += &format!("\nClauses: {}. ", clauses.len());
    text += &match bare.as_slice() {
        [] => String::from("Each has a test."),
        bare => format!(
            "Without a test of their own: {}: {}.",
            bare.len(),
            bare.join(", ")
        ),
    };
    text
}

/// The clauses in their order: each begins a paragraph, as `**[H-1]**`.
fn clauses(specification: &str) -> Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut clauses = Vec::new();
    for line in specification.lines() {
        let Some((clause, _)) = line
            .strip_prefix("**[")
            .and_then(|rest| rest.split_once("]**"))
        else {
            continue;
        };
        if !seen.insert(clause.to_owned()) {
            bail!("clause {clause} is defined twice");
        }
        clauses.push(clause.to_owned());
    }
    // A reference to a clause that is not there misleads as much.
    for reference in specification.split('[').skip(1) {
        let Some((name, _)) = reference.split_once(']') else {
            continue;
        };
        if looks_like_a_clause(name) && !seen.contains(name) {
            bail!("{SPECIFICATION} refers to [{name}], which it does not define");
        }
    }
    Ok(clauses)
}

fn looks_like_a_clause(name: &str) -> bool {
    name.split_once('-').is_some_and(|(letter, number)| {
        letter.len() == 1
            && letter.starts_with(|c: char| c.is_ascii_uppercase())
            && number.parse::<u32>().is_ok()
    })
}

fn check(test: &str, targets: &str) -> Result<()> {
    let (path, target) = match test.strip_suffix(')').and_then(|test| test.split_once('(')) {
        Some((path, target)) => (path, Some(target)),
        None => (test, None),
    };
    let (file, function) = path
        .split_once("::")
        .with_context(|| format!("`{test}` is not FILE::FUNCTION"))?;
    if !has_test(&read(file)?, function) {
        bail!("{file} has no test {function}");
    }
    if let Some(target) = target
        && !targets.contains(&format!("name = \"{target}\"\n"))
    {
        bail!("{TARGETS} has no target {target}");
    }
    Ok(())
}

fn has_test(source: &str, function: &str) -> bool {
    let head = format!("fn {function}(");
    source
        .split("#[test]")
        .skip(1)
        .any(|rest| rest.trim_start().starts_with(&head))
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(paths::root().join(file)).with_context(|| format!("cannot read {file}"))
}

#[cfg(test)]
mod tests {
    use super::{Proofs, clauses, has_test, render};

    const TEXT: &str = "# A\n\n**[H-1]** must.\n\n**[H-2]** may, see [H-1] and [a link](x).\n";

    #[test]
    fn clauses_are_found_in_order_and_once() {
        assert_eq!(clauses(TEXT).unwrap(), ["H-1", "H-2"]);
        assert!(clauses(&format!("{TEXT}{TEXT}")).is_err(), "twice");
        assert!(clauses("**[H-1]** see [H-9].\n").is_err(), "not defined");
    }

    #[test]
    fn a_test_is_a_function_behind_its_attribute() {
        let source = "#[test]\nfn a() {}\nfn b() {}\n#[test]\n    fn ab() {}\n";
        assert!(has_test(source, "a") && has_test(source, "ab"));
        assert!(!has_test(source, "b") && !has_test(source, "c"));
    }

    #[test]
    fn what_has_no_test_is_listed() {
        let proofs: Proofs = toml::from_str("[tests]\nH-1 = [\"f.rs::a\"]\nH-2 = []\n").unwrap();
        let text = render(&clauses(TEXT).unwrap(), &proofs);
        assert!(text.contains("| H-1 | `f.rs::a` |"), "{text}");
        assert!(
            text.ends_with("Without a test of their own: 1: H-2."),
            "{text}"
        );
    }
}
