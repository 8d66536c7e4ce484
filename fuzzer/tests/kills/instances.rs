//! More instances than cores.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    Report, number,
    results::{broken_files, disagreements},
    sessions::{MODES, Mode, build},
};
use tine_workbench::{Running, Stats, Workbench, wait_until};

/// How often the counts of runs are looked at. The statistics are written every
/// five seconds; instances that share a core take turns.
const WINDOW: Duration = Duration::from_secs(20);

/// How long instances may take to start, all at the same time.
const START: Duration = Duration::from_secs(60);

struct Instance<'b> {
    out: String,
    mode: Mode,
    session: Running<'b>,
    runs: f64,
}

impl Instance<'_> {
    fn read_runs(&self, bench: &Workbench) -> Option<f64> {
        let folder = bench.path(&self.out).join("default");
        let exists = folder.join("fuzzer_stats").exists();
        exists.then(|| Stats::read(&folder).number("execs_done"))
    }
}

#[test]
fn more_instances_than_cores_all_run_and_end() {
    let bench = Workbench::new();
    let count = number("SOAK_INSTANCES", 8);
    let seconds = number("SOAK_SECONDS", 10);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut report = Report::new("instances", &format!("{count} on {cores} cores"), 0);
    let targets = MODES.map(|mode| (mode, build(&bench, mode)));
    let limit = START + 2 * Duration::from_secs(seconds) + WINDOW;
    let mut instances: Vec<Instance<'_>> = (0..count)
        .map(|number| {
            let (mode, target) = &targets[number as usize % targets.len()];
            let out = format!("out-{number}");
            let runner = bench
                .tine()
                .args(["fuzz", "--no-ui", "-i", "seeds", "-o", &out, "--"])
                .arg(target)
                .deadline(limit);
            let runner = match mode {
                Mode::File => runner.arg("@@"),
                _ => runner,
            };
            Instance {
                out,
                mode: *mode,
                session: runner.start(),
                runs: 0.0,
            }
        })
        .collect();
    let mut wrong = vec![Vec::new(); instances.len()];
    let started = wait_until(START, || {
        let has_begun = |it: &Instance<'_>| it.read_runs(&bench).is_some();
        instances.iter().all(has_begun)
    });
    assert!(started, "not all begin within {START:?}");
    let begun = Instant::now();
    let duration = Duration::from_secs(seconds);
    while let rest = duration.saturating_sub(begun.elapsed())
        && !rest.is_zero()
    {
        let is_whole = rest >= WINDOW;
        sleep(rest.min(WINDOW));
        if is_whole {
            for (instance, wrong) in instances.iter_mut().zip(&mut wrong) {
                let runs = instance.read_runs(&bench).unwrap_or_default();
                if runs <= instance.runs {
                    report.hangs += 1;
                    wrong.push(format!("no run within {WINDOW:?} after {runs}"));
                }
                instance.runs = runs;
            }
        }
    }
    // The last counts are those of the end: they must be more than the first.
    let first: Vec<f64> = instances
        .iter()
        .map(|it| it.read_runs(&bench).unwrap_or_default())
        .collect();
    for instance in &instances {
        instance.session.signal(Signal::SIGTERM);
    }
    let told = Instant::now();
    for ((instance, mut wrong), first) in instances.into_iter().zip(wrong).zip(first) {
        let folder = bench.path(&instance.out).join("default");
        let Some(done) = instance.session.try_wait() else {
            report.hangs += 1;
            wrong.push("it does not end".into());
            report.add(&instance.out, told.elapsed(), wrong);
            continue;
        };
        if done.code() != Some(0) {
            wrong.push(format!("not a clean end: {done}"));
        } else {
            wrong.extend(broken_files(&folder));
            wrong.extend(disagreements(&folder));
            let runs = Stats::read(&folder).number("execs_done");
            // Bound to a core of its own, or not bound because there is none left.
            let text = done.stderr();
            if !text.contains(", on core ") && !text.contains("it is not bound to one") {
                wrong.push(format!("nothing is said about its core: {done}"));
            }
            println!("{} ({}): {runs} runs", instance.out, instance.mode.name());
            if runs <= first {
                wrong.push(format!("{first} runs at first, {runs} at the end"));
            }
        }
        report.add(&instance.out, told.elapsed(), wrong);
    }
    report.close();
}
