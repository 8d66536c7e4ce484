//! AFL++ of Debian's unstable suite, in a root of its own. The suite moves, so nothing
//! that has to pass depends on it.
//!
//! A program of the root runs inside it, with the folders of this machine at their
//! places (mount namespace and chroot, `enter`). A target that its compiler builds names
//! the root's loader and libraries by their whole paths, so that it runs on either side.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{paths, shell};

/// What the root is made of, besides apt itself.
const PACKAGES: &str = "afl++";
const SUITE: &str = "unstable";

/// Programs of the root that are called from outside.
const PROGRAMS: [&str; 4] = ["afl-fuzz", "afl-showmap", "afl-cmin", "afl-tmin"];

/// Changed whenever what is made here changes, so that an older root is not kept.
const RECIPE: u32 = 3;

/// Runs a program of the root: `enter PROGRAM ARGUMENTS`. Mounts are private to it.
const ENTER: &str = r#"#!/bin/sh
set -eu
root=@PLACE@/root
# A program of the root that looks for others on PATH may find these scripts.
if [ -n "${TINE_IN_ROOT-}" ]; then
    PATH=/usr/bin:/bin
    exec "$@"
fi
if [ "${1-}" = --inside ]; then
    shift
    # tine-cc keeps what it links below HOME.
    for folder in /proc /sys /dev /tmp "${TMPDIR:-/tmp}" "${HOME:-/tmp}"; do
        mkdir -p "$root$folder"
        mount --rbind "$folder" "$root$folder"
    done
    for folder in @WORKSPACE@ @PLACE@; do
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
    done
    exec chroot "$root" /usr/bin/env --chdir="$PWD" TINE_IN_ROOT=1 "$@"
fi
user=
[ "$(id -u)" = 0 ] || user=--map-root-user
exec unshare $user --mount "$0" --inside "$@"
"#;

/// What a compiler adds, so that its programs run outside of the root too.
const LINKED: &str = "-Wno-unused-command-line-argument \
    -Wl,--dynamic-linker=@PLACE@/root/lib64/ld-linux-x86-64.so.2 \
    -Wl,-rpath,@PLACE@/root/lib/x86_64-linux-gnu";

/// What the root holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// As afl-fuzz says it: `5.02c`.
    pub aflplusplus: String,
    /// Debian's version of the package: `5.02c-1`.
    pub package: String,
    /// The major version of the clang that its compilers use.
    pub clang: u32,
}

/// A root that is there.
pub struct Root {
    place: PathBuf,
    /// What it holds.
    pub versions: Versions,
}

impl Root {
    /// The root, if `cargo xtask peers` has made it.
    pub fn existing() -> Result<Root> {
        let place = place();
        let mark = place.join("made.json");
        let text = fs::read_to_string(&mark).unwrap_or_default();
        let Ok(Mark { recipe, versions }) = serde_json::from_str(&text) else {
            bail!("there is no root of Debian's unstable suite; `cargo xtask peers` makes it");
        };
        if recipe != RECIPE {
            bail!(
                "the root of Debian's unstable suite is of an older recipe; run `cargo xtask peers`"
            );
        }
        Ok(Root { place, versions })
    }

    /// The root; made if it is not there, or afresh.
    pub fn make(afresh: bool) -> Result<Root> {
        if !afresh && let Ok(root) = Root::existing() {
            return Ok(root);
        }
        let Some(mmdebstrap) = paths::find_program("mmdebstrap") else {
            bail!("no mmdebstrap on PATH; on Debian or Ubuntu: sudo apt-get install mmdebstrap");
        };
        let place = place();
        let root = place.join("root");
        if root.exists() {
            // Files of other users: what made the root can remove it.
            let mut remove = Command::new(&mmdebstrap);
            remove.args(["--unshare-helper", "rm", "-rf"]).arg(&root);
            if is_root()? {
                remove = Command::new("rm");
                remove.arg("-rf").arg(&root);
            }
            shell::run(&mut remove)?;
        }
        fs::create_dir_all(&place).with_context(|| format!("cannot create {}", place.display()))?;
        let mut make = Command::new(mmdebstrap);
        make.args(["--variant=apt", &format!("--include={PACKAGES}")])
            // A mirror that lags behind is as good; signatures are checked all the same.
            .arg("--aptopt=Acquire::Check-Valid-Until \"false\"")
            .arg("--aptopt=APT::Install-Recommends \"false\"")
            .arg(SUITE)
            .arg(&root);
        let log = place.join("mmdebstrap.log");
        let _ = fs::remove_file(&log);
        eprintln!("making a root of Debian's {SUITE} suite (half a minute, 1 GB)");
        shell::run_logged(&mut make, &log)?;
        write_scripts(&place)?;
        let versions = versions(&place)?;
        write_compilers(&place, versions.clang)?;
        let mark = Mark {
            recipe: RECIPE,
            versions: versions.clone(),
        };
        // Last, so that one that was broken off is begun again.
        let text = serde_json::to_string_pretty(&mark)?;
        fs::write(place.join("made.json"), text).context("cannot write made.json")?;
        Ok(Root { place, versions })
    }

    /// A program of the root, as a script that is run from outside.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// The folder of these scripts.
    pub fn bin(&self) -> PathBuf {
        self.place.join("bin")
    }

    /// The clang of its compilers.
    pub fn clang(&self) -> String {
        format!("clang-{}", self.versions.clang)
    }

    /// Names of variables that AFL++'s programs and runtimes there look up.
    pub fn variables(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for folder in ["usr/bin", "usr/lib/afl"] {
            let folder = self.place.join("root").join(folder);
            let entries = fs::read_dir(&folder)
                .with_context(|| format!("cannot read {}", folder.display()))?;
            for entry in entries.flatten() {
                let is_theirs = folder.ends_with("afl")
                    || entry.file_name().to_string_lossy().starts_with("afl-");
                if is_theirs && let Ok(content) = fs::read(entry.path()) {
                    names.extend(variables_in(&content));
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

#[derive(Serialize, Deserialize)]
struct Mark {
    recipe: u32,
    versions: Versions,
}

/// Where the root is.
fn place() -> PathBuf {
    paths::target_dir().join("peers/debian-unstable")
}

fn is_root() -> Result<bool> {
    Ok(shell::capture(Command::new("id").arg("-u"))?.trim() == "0")
}

fn write_scripts(place: &Path) -> Result<()> {
    script(place, "enter", ENTER)?;
    for program in PROGRAMS {
        script(
            place,
            program,
            &format!("#!/bin/sh\nexec @PLACE@/bin/enter {program} \"$@\"\n"),
        )?;
    }
    Ok(())
}

/// Scripts that compile, named as `real::Compiler` and tine-cc expect them.
fn write_compilers(place: &Path, clang: u32) -> Result<()> {
    for compiler in [
        "afl-clang-fast".into(),
        "afl-clang-fast++".into(),
        format!("clang-{clang}"),
        format!("clang++-{clang}"),
    ] {
        let text = format!("#!/bin/sh\nexec @PLACE@/bin/enter {compiler} \"$@\" {LINKED}\n");
        script(place, &compiler, &text)?;
    }
    Ok(())
}

fn script(place: &Path, name: &str, text: &str) -> Result<()> {
    let bin = place.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("cannot create {}", bin.display()))?;
    let file = bin.join(name);
    let text = text
        .replace("@PLACE@", &place.to_string_lossy())
        .replace("@WORKSPACE@", &paths::root().to_string_lossy());
    fs::write(&file, text)
        .and_then(|()| fs::set_permissions(&file, Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Asks the programs of the root.
fn versions(place: &Path) -> Result<Versions> {
    let enter = |arguments: &[&str]| {
        let mut command = Command::new(place.join("bin/enter"));
        shell::capture(command.args(arguments))
    };
    let version = enter(&["afl-fuzz", "--version"])?;
    let aflplusplus = version
        .trim()
        .strip_prefix("afl-fuzz++")
        .with_context(|| format!("afl-fuzz says `{}` for its version", version.trim()))?;
    let package = enter(&["dpkg-query", "--show", "--showformat=${Version}", "afl++"])?;
    let compiler = enter(&["afl-clang-fast", "--version"])?;
    let clang = compiler
        .split_once("clang version ")
        .and_then(|(_, rest)| rest.split('.').next()?.parse().ok())
        .with_context(|| format!("afl-clang-fast does not say its clang: {compiler}"))?;
    Ok(Versions {
        aflplusplus: aflplusplus.into(),
        package,
        clang,
    })
}

/// Strings of a program that are whole names of variables.
fn variables_in(content: &[u8]) -> Vec<String> {
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    content
        .split(|byte| !is_part(byte))
        .filter(|word| word.starts_with(b"AFL_") && word.len() > 4 && !word.ends_with(b"_"))
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::variables_in;

    #[test]
    fn names_of_variables_are_found_in_a_program() {
        let content = b"\x7fELF\0AFL_NO_UI\0__AFL_SHM_ID\0x AFL_DEBUG=%s\0AFL_LLVM_LAF_\0AFL_\0";
        assert_eq!(variables_in(content), ["AFL_NO_UI", "AFL_DEBUG"]);
    }
}
