//! System calls of a round trip, by strace: those of many round trips less those of a
//! few, so that what each process does once does not count.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::figures::{Calls, Cores};
use crate::shell;

const FEW: u64 = 20;
const MANY: u64 = 70;

/// Counts for one channel, both processes on one core.
pub fn count(program: &Path, mechanism: &str, payload: usize) -> Result<Calls> {
    let few = calls(program, mechanism, payload, FEW)?;
    let mut calls = calls(program, mechanism, payload, MANY)?;
    for (name, count) in &mut calls {
        *count -= few.get(name).copied().unwrap_or(0.0);
        *count /= (MANY - FEW) as f64;
    }
    calls.retain(|_, count| *count > 0.005);
    Ok(Calls {
        mechanism: mechanism.into(),
        payload,
        calls,
    })
}

fn calls(
    program: &Path,
    mechanism: &str,
    payload: usize,
    rounds: u64,
) -> Result<BTreeMap<String, f64>> {
    let table = tempfile::NamedTempFile::new().context("cannot create a temporary file")?;
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-c", "-U", "calls,name", "-o"]);
    command.arg(table.path()).arg(program);
    command.args([mechanism, "--payload", &payload.to_string()]);
    command.args(["--rounds", &rounds.to_string(), "--cores"]);
    command.args(Cores::One.numbers());
    shell::capture(&mut command)?;
    let text = std::fs::read_to_string(table.path()).context("cannot read strace's table")?;
    read(&text).with_context(|| format!("strace's table is not as expected:\n{text}"))
}

/// The rows of the table: a count and a name.
fn read(table: &str) -> Option<BTreeMap<String, f64>> {
    let mut calls = BTreeMap::new();
    for line in table.lines() {
        let mut words = line.split_whitespace();
        let (Some(count), Some(name)) = (words.next(), words.next()) else {
            continue;
        };
        if let Ok(count) = count.parse::<f64>()
            && name != "total"
        {
            calls.insert(name.to_owned(), count);
        }
    }
    (!calls.is_empty()).then_some(calls)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn rows_of_the_table_are_read_and_its_sum_is_not() {
        let table = "\
    calls syscall\n--------- ----------------\n      122 read\n       71 write\n\
--------- ----------------\n      193 total\n";
        let calls = read(table).unwrap();
        assert_eq!(calls.len(), 2);
        assert_eq!((calls["read"], calls["write"]), (122.0, 71.0));
        assert!(read("strace: no such program\n").is_none());
    }
}
