//! The independent program: how many edges inputs take, counted by neither fuzzer's
//! instrumentation.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use super::session::Find;
use crate::real::Compiler;
use crate::{paths, shell};

/// Of an LLVM that built neither fuzzer's target.
const CLANG: &str = "clang-19";

/// A curve has no more points than this.
const MOST_POINTS: usize = 150;

/// The compiler of the independent program. What it makes reads names of files.
pub fn compiler() -> Result<Compiler> {
    let main = paths::root().join("targets/real/common/edges.c");
    Ok(Compiler::at(CLANG.as_ref(), Some("bench-edges".into()))
        .context("run `cargo xtask setup`")?
        // Without pruning, every edge counts for itself.
        .with_flags(&["-fsanitize-coverage=trace-pc-guard,no-prune"])
        .with_main(&main))
}

/// How many edges the files of a folder take together.
pub fn of_folder(program: &Path, folder: &Path, scratch: &Path) -> Result<u32> {
    let mut files = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        files.push(entry?.path());
    }
    files.sort();
    let edges = cumulative(program, files.iter(), scratch)?;
    edges.last().copied().context("there are no seeds")
}

/// How many edges were known, and when: a point for each file that adds some.
pub fn curve(program: &Path, finds: &[Find], scratch: &Path) -> Result<Vec<(u64, u32)>> {
    let edges = cumulative(program, finds.iter().map(|find| &find.path), scratch)?;
    let mut curve: Vec<(u64, u32)> = Vec::new();
    for (find, edges) in finds.iter().zip(edges) {
        match curve.last_mut() {
            Some(last) if last.1 == edges => {}
            Some(last) if last.0 == find.progress => last.1 = edges,
            _ => curve.push((find.progress, edges)),
        }
    }
    Ok(curve)
}

/// Fewer points of a curve, for keeping. The first and the last stay.
pub fn thinned(curve: &[(u64, u32)]) -> Vec<(u64, u32)> {
    let Some(last) = curve.len().checked_sub(1) else {
        return Vec::new();
    };
    let points = curve.len().min(MOST_POINTS);
    let steps = points.saturating_sub(1).max(1);
    (0..points).map(|step| curve[step * last / steps]).collect()
}

/// For each file the edges of all files so far.
fn cumulative<'a>(
    program: &Path,
    files: impl Iterator<Item = &'a PathBuf>,
    scratch: &Path,
) -> Result<Vec<u32>> {
    // A file, not a pipe: neither side waits for the other to read.
    let list = scratch.join("files");
    let mut text = String::new();
    let mut count = 0;
    for file in files {
        text.push_str(file.to_str().context("a file's name is not UTF-8")?);
        text.push('\n');
        count += 1;
    }
    fs::write(&list, text).with_context(|| format!("cannot write {}", list.display()))?;
    let mut command = Command::new(program);
    let output = command
        .stdin(File::open(&list).with_context(|| format!("cannot read {}", list.display()))?)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", shell::line(&command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shell::line(&command), output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let edges = text.lines().map(edges).collect::<Result<Vec<u32>>>()?;
    if edges.len() != count {
        bail!(
            "`{}` counted {} of {count} files",
            shell::line(&command),
            edges.len()
        );
    }
    Ok(edges)
}

/// Reads `EDGES STATUS`.
fn edges(line: &str) -> Result<u32> {
    let parsed = line
        .split_once(' ')
        .and_then(|(edges, status)| Some((edges.parse().ok()?, status.parse::<i32>().ok()?)));
    let (edges, status) =
        parsed.with_context(|| format!("`{line}` is no line of the independent program"))?;
    if ExitStatus::from_raw(status).code() == Some(2) {
        bail!("the independent program cannot read one of the files");
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::{compiler, cumulative, curve, edges, thinned};
    use crate::bench::effectiveness::session::Find;
    use crate::bench::scratch_dir;
    use crate::real::{self, Catalogue};
    use std::fs;

    #[test]
    fn a_thinned_curve_keeps_its_ends() {
        let curve: Vec<(u64, u32)> = (0..1000).map(|n| (n, n as u32)).collect();
        let thin = thinned(&curve);
        assert_eq!(thin.len(), 150);
        assert_eq!((thin[0], thin[149]), (curve[0], curve[999]));
        assert_eq!(thinned(&curve[..3]), curve[..3]);
        assert_eq!(thinned(&curve[..1]), curve[..1]);
        assert_eq!(thinned(&[]), []);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        assert_eq!(edges("12 0").expect("edges"), 12);
        assert_eq!(edges("12 139").expect("a crash's edges count"), 12);
        assert!(edges("12 512").is_err(), "exit code 2");
        assert!(edges("nonsense").is_err());
    }

    /// `tiny` compares a few bytes: how many edges which input adds can be told by
    /// reading it.
    #[test]
    fn edges_add_up_and_never_count_twice() {
        let catalogue = Catalogue::load().expect("the catalogue");
        let compiler = compiler().expect("clang; `cargo xtask setup` installs it");
        let built = real::build(&catalogue, &["tiny".into()], &compiler).expect("tiny");
        let scratch = scratch_dir().expect("a scratch folder");
        let file = |name: &str, text: &str| {
            let path = scratch.path().join(name);
            fs::write(&path, text).expect("a file");
            path
        };
        let files = [file("a", "zzzz"), file("b", "hello"), file("c", "hello")];
        let program = &built[0].path;
        let counts = cumulative(program, files.iter(), scratch.path()).expect("counts");
        assert!(counts[0] > 0, "{counts:?}");
        assert!(counts[1] > counts[0], "{counts:?}");
        assert_eq!(counts[2], counts[1], "nothing new");

        let finds: Vec<Find> = files
            .iter()
            .enumerate()
            .map(|(at, path)| Find {
                progress: 100 * at as u64,
                path: path.clone(),
            })
            .collect();
        let points = curve(program, &finds, scratch.path()).expect("a curve");
        assert_eq!(points, [(0, counts[0]), (100, counts[1])]);
    }
}
