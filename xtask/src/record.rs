//! `cargo xtask record`: records real handshakes for `forkserver/protocol/testdata`.
//!
//! strace watches the target's process: what it writes to descriptor 199 and reads from
//! 198 is the exchange, both ways, whoever the two sides are.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{paths, peers, shell};

/// Who drives.
#[derive(Clone, Copy)]
enum Driver {
    Tine,
    Afl404,
    Afl440,
}

/// Who built the target.
#[derive(Clone, Copy)]
enum Maker {
    Tine,
    Afl404(&'static str),
    Afl440(&'static str),
    /// No instrumentation: the source is a fork server itself.
    Plain,
}

/// A recording: file name, who and what, and what the two sides agree to.
struct Recording {
    name: &'static str,
    about: &'static str,
    driver: Driver,
    maker: Maker,
    source: &'static str,
    flags: &'static [&'static str],
    argument: Option<&'static str>,
}

const fn mode(
    name: &'static str,
    about: &'static str,
    driver: Driver,
    maker: Maker,
    flags: &'static [&'static str],
) -> Recording {
    Recording {
        name,
        about,
        driver,
        maker,
        source: "mode",
        flags,
        argument: None,
    }
}

const fn dictionary(name: &'static str, about: &'static str, maker: Maker) -> Recording {
    Recording {
        name,
        about,
        driver: Driver::Tine,
        maker,
        source: "token",
        flags: &[],
        argument: None,
    }
}

const fn classic(name: &'static str, about: &'static str, driver: Driver) -> Recording {
    Recording {
        name,
        about,
        driver,
        maker: Maker::Plain,
        source: "server",
        flags: &[],
        argument: Some("classic"),
    }
}

#[rustfmt::skip]
const RECORDINGS: &[Recording] = &[
    mode("v1-tine-tine", "tine drives a target of tine-cc", Driver::Tine, Maker::Tine, &["-DSHM"]),
    mode("v1-afl440-tine", "AFL++ 4.40c drives a target of tine-cc", Driver::Afl440, Maker::Tine, &["-DSHM"]),
    mode("v1-afl440-tine-stdin", "AFL++ 4.40c drives a target of tine-cc, standard input", Driver::Afl440, Maker::Tine, &["-DFORK"]),
    mode("v1-tine-afl440", "tine drives a target of AFL++ 4.40c", Driver::Tine, Maker::Afl440("afl-clang-fast"), &["-DSHM"]),
    mode("options-afl404-tine", "AFL++ 4.04c drives a target of tine-cc", Driver::Afl404, Maker::Tine, &["-DSHM"]),
    mode("options-afl404-tine-stdin", "AFL++ 4.04c drives a target of tine-cc, standard input", Driver::Afl404, Maker::Tine, &["-DFORK"]),
    mode("options-tine-afl404", "tine drives a target of AFL++ 4.04c", Driver::Tine, Maker::Afl404("afl-clang-fast"), &["-DSHM"]),
    mode("options-tine-afl404-stdin", "tine drives a target of AFL++ 4.04c, standard input", Driver::Tine, Maker::Afl404("afl-clang-fast"), &["-DFORK"]),
    dictionary("options-tine-afl404-dictionary", "tine drives a target of AFL++ 4.04c (LTO) with a dictionary", Maker::Afl404("afl-clang-lto")),
    dictionary("v1-tine-afl440-dictionary", "tine drives a target of AFL++ 4.40c (LTO) with a dictionary", Maker::Afl440("afl-clang-lto")),
    classic("classic-tine", "tine drives a classic fork server", Driver::Tine),
    classic("classic-afl440", "AFL++ 4.40c drives a classic fork server", Driver::Afl440),
    mode("refused-afl404-afl440", "AFL++ 4.04c drives a target of AFL++ 4.40c, which exits", Driver::Afl404, Maker::Afl440("afl-clang-fast"), &["-DFORK"]),
];

/// Makes all recordings anew.
pub fn run() -> Result<()> {
    let mut build = Command::new(paths::cargo());
    shell::run(
        build
            .args(["build", "--package", "tine"])
            .current_dir(paths::root()),
    )?;
    let into = paths::root().join("forkserver/protocol/testdata/recorded");
    fs::create_dir_all(&into).with_context(|| format!("cannot create {}", into.display()))?;
    for recording in RECORDINGS {
        let text = record(recording).with_context(|| format!("recording {}", recording.name))?;
        let file = into.join(format!("{}.hex", recording.name));
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    eprintln!("recorded {} handshakes", RECORDINGS.len());
    Ok(())
}

fn tool(name: &str) -> PathBuf {
    paths::target_dir().join("debug").join(name)
}

fn record(recording: &Recording) -> Result<String> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let target = build(recording, folder.path())?;
    let inputs = folder.path().join("inputs");
    fs::create_dir(&inputs).and_then(|()| fs::write(inputs.join("o"), "o"))?;

    let trace = folder.path().join("trace");
    let mut command = Command::new("strace");
    // -ff: a file for each process, so that no call is torn in two. -xx: all as hex.
    command
        .args(["-ff", "-xx", "-s", "100000", "-e", "trace=read,write", "-o"])
        .arg(&trace);
    match recording.driver {
        Driver::Tine => command.arg(tool("tine")).arg("showmap"),
        Driver::Afl404 => command.args(["afl-showmap", "-m", "none"]),
        Driver::Afl440 => command
            .arg(peers::aflplusplus_440().join("afl-showmap"))
            .args(["-m", "none"]),
    };
    command.arg("-i").arg(&inputs).arg("-o");
    command
        .arg(folder.path().join("maps"))
        .arg("--")
        .arg(&target);
    command.args(recording.argument);
    // afl-showmap's code tells how the target's run ended, which is not asked here.
    shell::output(&mut command)?;

    let exchange = longest_exchange(folder.path())?;
    let mut text = format!(
        "# {}. Made by `cargo xtask record`.\n# R: the runtime says, C: the controller says.\n",
        recording.about
    );
    for (side, bytes) in exchange {
        writeln!(text, "{side} {bytes}")?;
    }
    Ok(text)
}

fn build(recording: &Recording, folder: &Path) -> Result<PathBuf> {
    let mut command = match recording.maker {
        Maker::Tine => Command::new(tool("tine-cc")),
        Maker::Afl404(compiler) => Command::new(compiler),
        Maker::Afl440(compiler) => Command::new(peers::aflplusplus_440().join(compiler)),
        Maker::Plain => Command::new("cc"),
    };
    let target = folder.join("target");
    let source = paths::root().join(format!("targets/conformance/{}.c", recording.source));
    command
        .args(recording.flags)
        .arg("-o")
        .arg(&target)
        .arg(source);
    shell::capture(command.env("AFL_QUIET", "1"))?;
    Ok(target)
}

/// What the fork server with the most to say said and heard. afl-showmap starts some
/// targets twice.
fn longest_exchange(folder: &Path) -> Result<Vec<(char, String)>> {
    let mut longest = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("trace.") {
            let text = fs::read_to_string(entry.path())?;
            let found: Vec<_> = text.lines().filter_map(exchanged).collect();
            if found.len() > longest.len() {
                longest = found;
            }
        }
    }
    if longest.is_empty() {
        bail!("nothing crossed the pipes");
    }
    Ok(longest)
}

/// `write(199, "\x01\x4c\x46\x41", 4) = 4` as `('R', "014c4641")`.
fn exchanged(line: &str) -> Option<(char, String)> {
    let (side, rest) = match (
        line.strip_prefix("write(199, "),
        line.strip_prefix("read(198, "),
    ) {
        (Some(rest), _) => ('R', rest),
        (_, Some(rest)) => ('C', rest),
        _ => return None,
    };
    let (bytes, _) = rest.strip_prefix('"')?.split_once('"')?;
    let hex = bytes.replace("\\x", "");
    (!hex.is_empty()).then_some((side, hex))
}

#[cfg(test)]
mod tests {
    use super::exchanged;

    #[test]
    fn only_what_crosses_the_pipes_is_taken() {
        let line = r#"write(199, "\x01\x4c\x46\x41", 4)         = 4"#;
        assert_eq!(exchanged(line), Some(('R', "014c4641".into())));
        let line = r#"read(198, "\xfe\xb3\xb9\xbe", 4)          = 4"#;
        assert_eq!(exchanged(line), Some(('C', "feb3b9be".into())));
        assert_eq!(exchanged(r#"read(198, "", 4) = 0"#), None);
        assert_eq!(exchanged(r#"read(3, "\x01", 1) = 1"#), None);
    }
}
