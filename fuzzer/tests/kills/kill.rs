//! SIGKILL at a random moment: of the fuzzer, and of its fork server.

use std::{
    fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    Report,
    moments::Moments,
    number,
    results::{Results, broken_files, disagreements, unfinished},
    sessions::{Mode, Sessions, build},
};
use tine_workbench::{Running, Stats, Workbench, testcases, wait_until};

/// How many in the test command.
const KILLS: u64 = 50;

/// Nothing may be left after this time. The kernel takes milliseconds.
const CLEAN_UP: Duration = Duration::from_secs(20);

/// How many tests share the kills.
const CAMPAIGNS: u64 = 7;

/// How many kills a campaign does.
fn share(campaign: u64) -> u64 {
    let kills = number("SOAK_KILLS", KILLS);
    kills / CAMPAIGNS + u64::from(campaign < kills % CAMPAIGNS)
}

#[test]
fn a_fuzzer_in_fork_mode_is_killed_at_random() {
    kill_fuzzers(0, Mode::Fork);
}

#[test]
fn a_fuzzer_in_persistent_mode_is_killed_at_random() {
    kill_fuzzers(1, Mode::Persistent);
}

#[test]
fn a_fuzzer_with_an_input_file_is_killed_at_random() {
    kill_fuzzers(2, Mode::File);
}

#[test]
fn a_fuzzer_of_a_stateful_target_is_killed_at_random() {
    kill_fuzzers(6, Mode::Stateful);
}

#[test]
fn a_fork_server_in_fork_mode_is_killed_at_random() {
    kill_servers(3, Mode::Fork);
}

#[test]
fn a_fork_server_in_persistent_mode_is_killed_at_random() {
    kill_servers(4, Mode::Persistent);
}

#[test]
fn a_fork_server_with_an_input_file_is_killed_at_random() {
    kill_servers(5, Mode::File);
}

/// Kills the fuzzer. What it saved is the first part of what it would have saved,
/// and the session goes on from there.
fn kill_fuzzers(campaign: u64, mode: Mode) {
    let bench = Workbench::new();
    let mut moments = Moments::new(campaign);
    let mut report = Report::new("kill fuzzer", mode.name(), moments.seed);
    let sessions = Sessions::new(&bench, mode, moments.below(1 << 32));
    while report.total < share(campaign) {
        let moment = moments.within(sessions.duration);
        let before = bench.leftovers();
        let session = sessions.again("out").start();
        sleep(moment);
        session.signal(Signal::SIGKILL);
        let killed = Instant::now();
        let Some(done) = session.try_wait() else {
            report.hangs += 1;
            report.add("end", CLEAN_UP, vec!["a killed fuzzer does not end".into()]);
            continue;
        };
        if done.code() == Some(0) {
            // It was over before: no kill.
            remove(&bench.path("out"));
            continue;
        }
        let mut wrong = Vec::new();
        wrong.extend(left_behind(&bench, &before));
        let took = killed.elapsed();
        let instance = bench.path("out/default");
        wrong.extend(check_first_part(&instance, &sessions, &mut report));
        wrong.extend(check_resume(&bench, &sessions));
        report.add(&format!("after {moment:?}"), took, wrong);
        remove(&bench.path("out"));
    }
    report.close();
}

/// What is there in the end that was not there before: one thing that is left behind
/// must not be counted again and again.
pub fn left_behind(bench: &Workbench, before: &[String]) -> Vec<String> {
    let more = || {
        let now = bench.leftovers().into_iter();
        now.filter(|it| !before.contains(it)).collect::<Vec<_>>()
    };
    if wait_until(CLEAN_UP, || more().is_empty()) {
        Vec::new()
    } else {
        more()
    }
}

/// What a killed session left, compared with an undisturbed one.
fn check_first_part(instance: &Path, sessions: &Sessions<'_>, report: &mut Report) -> Vec<String> {
    let results = Results::read(instance);
    let mut wrong = results.differences(&sessions.reference);
    wrong.extend(broken_files(instance));
    let (count, strange) = unfinished(instance);
    wrong.extend(strange);
    report.while_saving += u64::from(count > 0);
    // The statistics come with the first run after the seeds.
    report.at_start += u64::from(!instance.join("fuzzer_stats").exists());
    wrong
}

/// Goes on with a killed session.
fn check_resume(bench: &Workbench, sessions: &Sessions<'_>) -> Vec<String> {
    let instance = bench.path("out/default");
    let before = Results::read(&instance);
    let (queue, crashes) = before.counts();
    let runs_before = match instance.join("fuzzer_stats").exists() {
        true => Stats::read(&instance).number("execs_done"),
        false => 0.0,
    };
    // Killed before it had a testcase, it is begun anew.
    let seeds = if queue > 0 { "-" } else { "seeds" };
    // Enough to run every testcase the few times that it takes to know it.
    let runs = 12 * queue + crashes + 200;
    let done = sessions.resume(seeds, "out", runs).run();
    if done.code() != Some(0) {
        return vec![format!("it does not go on: {done}")];
    }
    let mut wrong = Results::read(&instance).changes_since(&before);
    wrong.extend(broken_files(&instance));
    // What a testcase does in a stateful target depends on the ones before it.
    if sessions.mode != Mode::Stateful {
        wrong.extend(disagreements(&instance));
        if done.stderr().contains("passed over") {
            wrong.push(format!("a testcase was passed over: {done}"));
        }
    }
    if Stats::read(&instance).number("execs_done") <= runs_before {
        wrong.push(format!("no more than {runs_before} runs"));
    }
    let (count, strange) = unfinished(&instance);
    if count > 0 {
        wrong.push("unfinished files stay".into());
    }
    wrong.extend(strange);
    wrong
}

#[test]
fn a_fuzzer_that_is_killed_before_a_segment_is_marked_leaves_none() {
    let bench = Workbench::new();
    let target = build(&bench, Mode::Fork);
    // The segments for input, control page and coverage.
    for segment in 1..=3 {
        let inject = format!("inject=shmat:signal=SIGKILL:when={segment}");
        let done = bench
            .program("strace")
            // The traced program has the process id that the workbench knows.
            .args([
                "-D",
                "-f",
                "-o",
                "trace",
                "-e",
                "trace=shmat",
                "-e",
                &inject,
            ])
            .arg(env!("CARGO_BIN_EXE_tine"))
            .args(["fuzz", "--no-ui", "-i", "seeds", "-o", "out", "--"])
            .arg(&target)
            .run();
        assert_eq!(done.signal(), Some(9), "{done}");
        let clean = wait_until(CLEAN_UP, || bench.leftovers().is_empty());
        assert!(clean, "segment {segment}: {:?}", bench.leftovers());
    }
}

/// Kills the fork server. The session goes on and finds what it would have found.
fn kill_servers(campaign: u64, mode: Mode) {
    let bench = Workbench::new();
    let mut moments = Moments::new(campaign);
    let mut report = Report::new("kill fork server", mode.name(), moments.seed);
    let sessions = Sessions::new(&bench, mode, moments.below(1 << 32));
    while report.total < share(campaign) {
        let moment = moments.within(sessions.duration);
        let before = bench.leftovers();
        let session = sessions.again("out").start();
        sleep(moment);
        let Some(killed) = kill_server(&bench, &session) else {
            // It was over before.
            session.wait();
            remove(&bench.path("out"));
            continue;
        };
        let mut wrong = killed.wrong;
        let Some(done) = session.try_wait() else {
            report.hangs += 1;
            wrong.push("the session does not end".into());
            report.add(&format!("after {moment:?}"), killed.took, wrong);
            remove(&bench.path("out"));
            continue;
        };
        let instance = bench.path("out/default");
        if done.code() == Some(1) && testcases(&instance.join("queue")).is_empty() {
            // Killed before it said hello: an error that says so, and nothing else.
            report.at_start += 1;
            let text = done.stderr();
            // On a busy machine it says first that no core is free.
            let errors: Vec<&str> = text
                .lines()
                .filter(|it| !it.contains("not bound to one"))
                .collect();
            if errors.len() != 1 || !errors[0].contains("SIGKILL") {
                wrong.push(format!("not one sentence about the signal: {done}"));
            }
            if instance.exists() {
                wrong.push("a session that did not begin leaves a folder".into());
            }
        } else if done.code() == Some(0) {
            let results = Results::read(&instance);
            wrong.extend(results.differences(&sessions.reference));
            wrong.extend(sessions.reference.changes_since(&results));
            wrong.extend(broken_files(&instance));
            wrong.extend(disagreements(&instance));
        } else {
            wrong.push(format!("the session ends: {done}"));
        }
        wrong.extend(left_behind(&bench, &before));
        report.add(&format!("after {moment:?}"), killed.took, wrong);
        remove(&bench.path("out"));
    }
    report.close();
}

/// A fork server that was killed.
struct Killed {
    /// How long until it and its child were gone.
    took: Duration,
    wrong: Vec<String>,
}

/// Kills the fork server of a session as soon as there is one; `None` if the
/// session is over.
fn kill_server(bench: &Workbench, session: &Running<'_>) -> Option<Killed> {
    let program = |pid: i32| fs::read_link(format!("/proc/{pid}/exe")).ok();
    let fuzzer = program(session.pid());
    let server = loop {
        // Other children live for a moment only, and are the fuzzer's own program.
        let is_target = |pid: &i32| program(*pid).is_some_and(|it| Some(it) != fuzzer);
        if let Some(server) = children(session.pid()).into_iter().find(is_target) {
            break server;
        }
        if is_over(session.pid()) {
            return None;
        }
    };
    let mut group = children(server);
    group.push(server);
    kill(Pid::from_raw(server), Signal::SIGKILL).ok()?;
    let killed = Instant::now();
    let gone = wait_until(CLEAN_UP, || group.iter().all(|pid| !is_alive(bench, *pid)));
    let wrong = if gone {
        Vec::new()
    } else {
        vec![format!(
            "of the killed fork server these are left: {group:?}"
        )]
    };
    Some(Killed {
        took: killed.elapsed(),
        wrong,
    })
}

/// The children of a process.
fn children(pid: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Whether a process is there, is no zombie, and is the test's: its number may be
/// another's by now.
fn is_alive(bench: &Workbench, pid: i32) -> bool {
    let (name, value) = bench.marker_variable();
    let wanted = format!("{}={}", name.display(), value.display());
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|variable| variable == wanted.as_bytes())
}

/// Whether a process has ended and waits to be reaped.
fn is_over(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Behind the name, which may hold anything.
    stat.rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Removes a folder that may not be there.
pub fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    }
}
