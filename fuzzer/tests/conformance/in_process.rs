//! A batch on a controller that is a library: tine's own, and LibAFL's
//! `ForkserverExecutor`.
//!
//! LibAFL names its segments in the environment of its own process, so each batch has
//! a process to itself: this test program runs itself again with a job.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tine_controller::{ForkServer, Outcome, TargetConfig};

use crate::cell::{Batch, Cell, Ending, Run, Seen};
use crate::matrix::{Controller, Mode};
use tine_workbench::Workbench;

mod libafl_controller;

/// The variable that names the job's file.
const JOB: &str = "TINE_CONFORMANCE_JOB";

#[derive(Serialize, Deserialize)]
struct Job {
    controller: Controller,
    mode: Mode,
    program: PathBuf,
    inputs: Vec<String>,
    /// In milliseconds.
    limit: u64,
    /// Where the answer goes.
    answer: PathBuf,
}

/// Runs the inputs on one fork server.
pub fn run(bench: &Workbench, cell: &Cell, batch: &Batch) -> Result<Seen, String> {
    let job = Job {
        controller: cell.controller,
        mode: cell.mode,
        program: cell.program.clone(),
        inputs: batch.inputs.iter().map(ToString::to_string).collect(),
        limit: batch.limit,
        answer: bench.path("answer"),
    };
    ask(bench, &job)
}

fn ask(bench: &Workbench, job: &Job) -> Result<Seen, String> {
    if job.answer.exists() {
        std::fs::remove_file(&job.answer).expect("the answer of the job before");
    }
    let file = bench.write("job", serde_json::to_vec(job).expect("plain data"));
    let own = std::env::current_exe().expect("the path of this program");
    let done = bench
        .program(OsString::from(own))
        .args(["--exact", "in_process::does_its_job", "--nocapture"])
        .env(JOB, file)
        .run();
    let answer = std::fs::read(&job.answer).map_err(|_| done.to_string())?;
    serde_json::from_slice(&answer).map_err(|error| format!("{error}: {done}"))?
}

/// In a process that was given a job: does it. Otherwise it sees that a job that can't
/// be done is answered by an error, and not by an empty result.
#[test]
fn does_its_job() {
    let Some(file) = std::env::var_os(JOB) else {
        let bench = Workbench::new();
        for controller in [Controller::Tine, Controller::LibAfl] {
            let job = Job {
                controller,
                mode: Mode::Fork,
                program: "/bin/true".into(),
                inputs: vec!["o".into()],
                limit: 1000,
                answer: bench.path("answer"),
            };
            let answer = ask(&bench, &job);
            assert!(answer.is_err(), "{answer:?}");
        }
        return;
    };
    let job = std::fs::read(file).expect("the job");
    let job: Job = serde_json::from_slice(&job).expect("a job");
    let seen = match job.controller {
        Controller::LibAfl => libafl_controller::run(&job).map_err(|error| error.to_string()),
        _ => tine(&job),
    };
    let answer = serde_json::to_vec(&seen).expect("plain data");
    std::fs::write(&job.answer, answer).expect("the answer's file");
}

fn tine(job: &Job) -> Result<Seen, String> {
    let config = TargetConfig::new(&job.program);
    let mut server = ForkServer::start(config).map_err(|error| error.to_string())?;
    let info = server.info().clone();
    let wanted = (job.mode == Mode::Persistent, job.mode == Mode::Shm);
    if (info.persistent, info.shm_input) != wanted {
        return Err(format!("not as it is told: {info:?}"));
    }
    let mut runs = Vec::new();
    for input in &job.inputs {
        let outcome = server
            .run_with_timeout(input.as_bytes(), Duration::from_millis(job.limit))
            .map_err(|error| error.to_string())?;
        let mut counters = vec![0; server.map().len()];
        server.map().copy_to(&mut counters);
        server.map().clear();
        runs.push(Run {
            ending: match outcome {
                Outcome::Exited(code) => Ending::Ok(Some(code)),
                Outcome::LoopDone => Ending::Ok(None),
                Outcome::Signaled { .. } | Outcome::CrashExit(_) => Ending::Crash,
                Outcome::TimedOut => Ending::Timeout,
            },
            edges: nonzero(&counters),
        });
    }
    if server.restarts() != 0 {
        return Err(format!("the server was lost: {:?}", server.last_loss()));
    }
    Ok(Seen {
        map_size: info.map_size,
        runs,
    })
}

fn nonzero(counters: &[u8]) -> std::collections::BTreeSet<usize> {
    let taken = counters.iter().enumerate().filter(|(_, count)| **count > 0);
    taken.map(|(edge, _)| edge).collect()
}
