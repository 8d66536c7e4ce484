//! Side by side with afl-fuzz, old and new, in both roles.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{LEFT, RIGHT, SOON, build, end, has_from, mark, tine};
use tine_workbench::{Runner, Stats, Workbench, peers, testcases, wait_until};

#[test]
fn a_main_tine_and_a_secondary_afl_fuzz_404_take_each_others_finds() {
    exchange(&peers::aflplusplus_404("afl-fuzz"), "-M", "-S");
}

#[test]
fn a_main_tine_and_a_secondary_afl_fuzz_440_take_each_others_finds() {
    exchange(&peers::aflplusplus_440("afl-fuzz"), "-M", "-S");
}

#[test]
fn a_secondary_tine_and_a_main_afl_fuzz_404_take_each_others_finds() {
    exchange(&peers::aflplusplus_404("afl-fuzz"), "-S", "-M");
}

#[test]
fn a_secondary_tine_and_a_main_afl_fuzz_440_take_each_others_finds() {
    exchange(&peers::aflplusplus_440("afl-fuzz"), "-S", "-M");
}

const TWO_SECONDS: Duration = Duration::from_secs(2);

/// How long ago an instance has begun.
fn age(instance: &Path) -> Duration {
    let begun = std::fs::metadata(instance.join("cmdline")).and_then(|file| file.modified());
    begun.map_or(Duration::ZERO, |time| time.elapsed().unwrap_or_default())
}

/// afl-fuzz with these options, separated by spaces.
fn afl_fuzz<'b>(bench: &'b Workbench, program: &Path, target: &Path, options: &str) -> Runner<'b> {
    let mut runner = bench.program(program);
    for variable in [
        "AFL_NO_UI",
        "AFL_SKIP_CPUFREQ",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES",
        "AFL_NO_AFFINITY",
        "AFL_IMPORT_FIRST",
    ] {
        runner = runner.env(variable, "1");
    }
    let line = format!("-m none -t 5000 {options} --");
    runner.args(line.split_whitespace()).arg(target)
}

/// tine begins on the left side and afl-fuzz on the right one; each gets at the other
/// side by the other's testcases only. Then, if tine was the main one, each goes on where
/// the other stopped.
fn exchange(program: &Path, ours: &str, its: &str) {
    let bench = Workbench::new();
    let target = build(&bench);
    let (tine_folder, afl_folder) = (bench.path("out/tine"), bench.path("out/afl"));
    let ours_runs = tine(&bench, &target, &format!("{ours} tine -i left -o out")).start();
    // afl-fuzz asks at its beginning and then only after minutes. 4.40c passes over
    // instances that have begun within the same second.
    ours_runs.wait_for("a find, and a later second", |_| {
        testcases(&tine_folder.join("queue")).len() > 1 && age(&tine_folder) > TWO_SECONDS
    });
    let its_runs = afl_fuzz(
        &bench,
        program,
        &target,
        &format!("{its} afl -i right -o out"),
    )
    .start();
    its_runs.wait_for("a find of tine's", |_| has_from(&afl_folder, "tine"));
    ours_runs.wait_for("a find of afl-fuzz's", |_| has_from(&tine_folder, "afl"));
    // afl-fuzz writes how far it has read when it has read all.
    its_runs.wait_for("the end of its exchange", |_| {
        let mark = std::fs::metadata(afl_folder.join(".synced/tine"));
        mark.is_ok_and(|mark| mark.len() == 4)
    });
    end(its_runs).assert_code(0);
    let done = end(ours_runs);
    done.assert_code(0);
    assert_eq!(done.stderr().matches("passed over").count(), 0, "{done}");

    for (folder, other) in [(&tine_folder, "afl"), (&afl_folder, "tine")] {
        assert!(Stats::read(folder).number("corpus_imported") > 0.0);
        let there = testcases(&bench.path("out").join(other).join("queue")).len();
        assert!((1..=there).contains(&(mark(folder, other) as usize)));
    }
    for (folder, side) in [(&tine_folder, RIGHT), (&afl_folder, LEFT)] {
        assert!(has_side(folder, side), "{} lacks {side}", folder.display());
    }
    if ours == "-M" {
        swap(&bench, program, &target);
    }
}

fn has_side(folder: &Path, side: &str) -> bool {
    let queue = testcases(&folder.join("queue")).into_iter();
    let read = |path: PathBuf| std::fs::read(path).expect("a testcase");
    queue
        .map(read)
        .any(|bytes| bytes.starts_with(&side.as_bytes()[..8]))
}

/// tine goes on with afl-fuzz's session, and afl-fuzz with tine's.
fn swap(bench: &Workbench, program: &Path, target: &Path) {
    let (tine_folder, afl_folder) = (bench.path("out/tine"), bench.path("out/afl"));
    let before = testcases(&tine_folder.join("queue")).len();
    let its_mark = mark(&afl_folder, "tine");
    // As a secondary one without a main one it reads what is there.
    let done = tine(bench, target, "-S afl -i - -o out -E 300")
        .env("AFL_FINAL_SYNC", "1")
        .run();
    done.assert_code(0);
    assert!(mark(&afl_folder, "tine") >= its_mark);
    assert_eq!(mark(&afl_folder, "tine") as usize, before, "all was read");

    let our_mark = mark(&tine_folder, "afl");
    let resumed = afl_fuzz(bench, program, target, "-S tine -i - -o out").start();
    let has_begun = wait_until(SOON, || {
        testcases(&tine_folder.join("queue")).len() >= before
    });
    assert!(has_begun, "{}", resumed.stderr());
    resumed.wait_for("its statistics", |_| {
        let stats = std::fs::read_to_string(tine_folder.join("fuzzer_stats"));
        stats.is_ok_and(|text| text.contains(&format!(": {}\n", resumed.pid())))
    });
    end(resumed).assert_code(0);
    assert!(mark(&tine_folder, "afl") >= our_mark);
}
