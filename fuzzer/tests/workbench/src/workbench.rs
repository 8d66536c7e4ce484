//! A fresh folder for a test, and the check at its end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::built;
use crate::command::Runner;
use crate::leaks::{self, Baseline};

/// Every process of a test carries this variable; its value names the test.
pub const MARKER: &str = "TINE_TEST_ID";

/// How long an ending process may take to be gone, or a condition to hold.
const GRACE: Duration = Duration::from_secs(2);

/// Test threads share one process, and the kernel knows a segment's creator
/// only by process: tests that create segments themselves take turns.
static IN_PROCESS: Mutex<()> = Mutex::new(());

/// A test's folder and the processes that it started.
///
/// Dropping it fails the test if anything is left behind.
pub struct Workbench {
    root: TempDir,
    marker: String,
    started: Mutex<Vec<i32>>,
    before: Baseline,
    /// Seconds since 1970 when it was made. Numbers of processes come again: older
    /// segments of a process of the same number are not its own.
    began: u64,
    keep_temporary_files: bool,
    in_process: Option<MutexGuard<'static, ()>>,
}

impl Workbench {
    /// A fresh folder.
    #[must_use]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let root = tempfile::Builder::new()
            .prefix("tine-test-")
            .tempdir()
            .expect("a folder for the test in the temporary folder");
        for folder in ["work", "tmp", "home"] {
            std::fs::create_dir(root.path().join(folder)).expect("a folder in the test's folder");
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            root,
            marker: format!("{}-{count}", std::process::id()),
            started: Mutex::new(Vec::new()),
            before: Baseline::take(),
            began: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            keep_temporary_files: false,
            in_process: None,
        }
    }

    /// The folder that programs run in.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The folder that programs are told to put temporary files into.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root.path().join("tmp")
    }

    /// An empty folder in place of the user's own.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A path in the folder that programs run in.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        let parent = path.parent().expect("a file lies in a folder");
        std::fs::create_dir_all(parent).expect("the file's folder");
        std::fs::write(&path, content).unwrap_or_else(|e| panic!("write {}: {e}", path.display()));
        path
    }

    /// Writes a folder of seeds named `seed-0`, `seed-1` and so on.
    pub fn seeds<T: AsRef<[u8]>>(&self, name: &str, seeds: impl IntoIterator<Item = T>) -> PathBuf {
        let folder = self.path(name);
        std::fs::create_dir_all(&folder).expect("a folder for seeds");
        for (number, seed) in seeds.into_iter().enumerate() {
            self.write(folder.join(format!("seed-{number}")), seed);
        }
        folder
    }

    /// Compiles a program in C with `tine-cc`. The source lies beside it, as `NAME.c`.
    pub fn compile(&self, name: &str, flags: &[&str], source: &str) -> PathBuf {
        let file = self.write(format!("{name}.c"), source);
        let program = self.path(name);
        let cc = self.tine_cc().args(flags).arg("-o").arg(&program);
        cc.arg(file).run().assert_code(0);
        program
    }

    /// A session on a program, in the folder `out`.
    #[must_use]
    pub fn fuzz(&self, seeds: &str, options: &[&str], program: &Path) -> Runner<'_> {
        let tine = self.tine().args(["fuzz", "--no-ui", "-i", seeds]);
        tine.args(["-o", "out"])
            .args(options)
            .arg("--")
            .arg(program)
    }

    /// Runs `tine`.
    #[must_use]
    pub fn tine(&self) -> Runner<'_> {
        self.program(built::program("tine"))
    }

    /// Runs `tine-cc`.
    #[must_use]
    pub fn tine_cc(&self) -> Runner<'_> {
        self.program(built::program("tine-cc"))
    }

    /// Runs `tine-c++`, by the name that Cargo can build.
    #[must_use]
    pub fn tine_cxx(&self) -> Runner<'_> {
        self.program(built::program("tine-cxx"))
    }

    /// Runs any program.
    #[must_use]
    pub fn program(&self, program: impl Into<OsString>) -> Runner<'_> {
        Runner::new(self, program.into())
    }

    /// The value of `MARKER` for this test's processes.
    #[must_use]
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// The variable that marks a process as this test's, for a process that is
    /// not started through the workbench.
    #[must_use]
    pub fn marker_variable(&self) -> (OsString, OsString) {
        (MARKER.into(), self.marker.clone().into())
    }

    /// Files in [`Self::tmp`] are what the test is about: do not count them as
    /// left behind.
    pub fn keep_temporary_files(&mut self) {
        self.keep_temporary_files = true;
    }

    /// Remembers a process whose segments are this test's.
    pub(crate) fn adopt(&self, pid: i32) {
        self.started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(pid);
    }

    /// What is left behind right now, one line each.
    #[must_use]
    pub fn leftovers(&self) -> Vec<String> {
        let started = self
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut left = leaks::processes(&self.marker);
        left.extend(leaks::segments(&started, self.began));
        left.extend(self.before.new_entries());
        if !self.keep_temporary_files {
            left.extend(leaks::entries_of(&self.tmp()));
        }
        left.extend(leaks::entries_of(&self.home()));
        left
    }

    /// Kills every process that carries the test's marker.
    pub(crate) fn kill_marked(&self) {
        leaks::kill_marked(&self.marker);
    }
}

impl Default for Workbench {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        // Processes that were told to end may need a moment.
        let clean = wait_until(GRACE, || self.leftovers().is_empty());
        if clean {
            return;
        }
        let left = self.leftovers();
        self.kill_marked();
        let message = format!("the test leaves something behind:\n  {}", left.join("\n  "));
        if std::thread::panicking() {
            eprintln!("{message}");
        } else {
            panic!("{message}");
        }
    }
}

/// A workbench for a test that starts fork servers in its own process.
#[must_use]
pub fn in_process() -> Workbench {
    let guard = IN_PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut bench = Workbench::new();
    bench.in_process = Some(guard);
    bench.adopt(std::process::id().cast_signed());
    bench
}

/// Asks again and again until `condition` holds, at most for `limit`. Returns
/// whether it held.
pub fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
