//! Sessions that save something all the time, and that do the same each time.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::results::Results;
use tine_workbench::{Runner, Workbench};

/// Takes a way of its own for each value of a byte, and crashes in a way of its own
/// for each value of another one: something is saved all the time. A file, shared
/// memory in a loop, or standard input.
const SOURCE: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int sink;

#define ONE(n) case (n): sink ^= (n); break;
#define FOUR(n) ONE(n) ONE((n) + 1) ONE((n) + 2) ONE((n) + 3)
#define SIXTEEN(n) FOUR(n) FOUR((n) + 4) FOUR((n) + 8) FOUR((n) + 12)
#define MANY(n) SIXTEEN(n) SIXTEEN((n) + 16) SIXTEEN((n) + 32) SIXTEEN((n) + 48)
#define ALL MANY(0) MANY(64) MANY(128) MANY(192)

static void handle(const unsigned char *b, long n) {
    if (n < 2) return;
    switch (b[n / 2]) { ALL }
    if ((b[0] ^ b[n - 1]) % 5 != 0) return;
#ifdef STATE
    /* Only two of these one after another crash, unless they begin the same. */
    static int before;
    int is_first = before == 0 || before == 1 + b[0];
    before = 1 + b[0];
    if (is_first) return;
#endif
    switch (b[n / 3]) { ALL }
    abort();
}

#ifdef LOOP
__AFL_FUZZ_INIT();
int main(void) {
    __AFL_INIT();
    unsigned char *b = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(100)) handle(b, __AFL_FUZZ_TESTCASE_LEN);
    return 0;
}
#else
int main(int argc, char **argv) {
    unsigned char b[64];
    int in = argc > 1 ? open(argv[1], O_RDONLY) : 0;
    handle(b, read(in, b, sizeof b));
    return 0;
}
#endif
"#;

/// Inputs that do not crash it.
const SEEDS: [&str; 3] = ["hello", "abcdefgh", "0123456789abcdef 0123"];

/// How the target is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A process a run, input on standard input.
    Fork,
    /// Many runs a process, input by shared memory.
    Persistent,
    /// A process a run, input in the file that `@@` stands for.
    File,
    /// As [`Self::Persistent`], and crashes take more than one input.
    Stateful,
}

/// Those in which a run does not depend on the ones before it.
pub const MODES: [Mode; 3] = [Mode::Fork, Mode::Persistent, Mode::File];

impl Mode {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Persistent => "persistent",
            Self::File => "file",
            Self::Stateful => "stateful",
        }
    }

    /// So many runs take about a second.
    const fn runs(self) -> u64 {
        match self {
            Self::Fork | Self::File => 1_500,
            Self::Persistent | Self::Stateful => 6_000,
        }
    }
}

/// A target, and what an undisturbed session over it leaves.
pub struct Sessions<'b> {
    bench: &'b Workbench,
    /// How the target is run.
    pub mode: Mode,
    target: PathBuf,
    seed: u64,
    /// What the undisturbed session left.
    pub reference: Results,
    /// How long it took.
    pub duration: Duration,
}

impl<'b> Sessions<'b> {
    /// Builds the target and runs the session that others are compared with.
    /// `seed` is that of the fuzzer's random numbers.
    pub fn new(bench: &'b Workbench, mode: Mode, seed: u64) -> Self {
        let mut sessions = Self {
            bench,
            mode,
            target: build(bench, mode),
            seed,
            reference: Results::default(),
            duration: Duration::ZERO,
        };
        let began = Instant::now();
        sessions
            .start_with("seeds", "reference")
            .run()
            .assert_code(0);
        sessions.duration = began.elapsed();
        sessions.reference = Results::read(&bench.path("reference/default"));
        let (queue, crashes) = sessions.reference.counts();
        assert!(
            queue > 20 && crashes > 5,
            "{queue} finds, {crashes} crashes"
        );
        sessions
    }

    /// The session that was run first, once more, with results in `out`.
    pub fn again(&self, out: &str) -> Runner<'b> {
        self.start_with("seeds", out)
    }

    /// Goes on with the session in `out` for so many runs.
    pub fn resume(&self, seeds: &str, out: &str, runs: u64) -> Runner<'b> {
        self.fuzz(seeds, out, runs)
    }

    fn start_with(&self, seeds: &str, out: &str) -> Runner<'b> {
        self.fuzz(seeds, out, self.mode.runs())
    }

    fn fuzz(&self, seeds: &str, out: &str, runs: u64) -> Runner<'b> {
        // A limit that no run exceeds, however busy the machine is: a timeout would
        // make the session a different one.
        let runner = self
            .bench
            .tine()
            .args(["fuzz", "--no-ui", "-t", "20000"])
            // A testcase that is trimmed is another one before and after its turn.
            .env("AFL_DISABLE_TRIM", "1")
            .args(["-s", &self.seed.to_string(), "-E", &runs.to_string()])
            .args(["-i", seeds, "-o", out, "--"])
            .arg(&self.target);
        match self.mode {
            Mode::File => runner.arg("@@"),
            Mode::Fork | Mode::Persistent | Mode::Stateful => runner,
        }
    }
}

/// Builds the target for a mode, and writes the seeds.
pub fn build(bench: &Workbench, mode: Mode) -> PathBuf {
    bench.seeds("seeds", SEEDS);
    let source = bench.write("target.c", SOURCE);
    let target = bench.path(format!("target-{}", mode.name()));
    let flags: &[&str] = match mode {
        Mode::Fork | Mode::File => &[],
        Mode::Persistent => &["-DLOOP"],
        Mode::Stateful => &["-DLOOP", "-DSTATE"],
    };
    let compiler = bench.tine_cc().arg("-O0").args(flags);
    compiler
        .arg("-o")
        .arg(&target)
        .arg(source)
        .run()
        .assert_code(0);
    target
}
