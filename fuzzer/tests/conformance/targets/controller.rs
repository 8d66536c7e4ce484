//! Targets straight on the controller: many runs of one fork server.

use std::collections::BTreeSet;
use std::time::Duration;

use tine_controller::{Dialect, ForkServer, Outcome, TargetConfig};

use tine_workbench::{Built, Case, Expected, InputRoute, Mode, Workbench};

/// How often each case is run.
const ROUNDS: usize = 3;
/// Runs of one input in a row; more than the loop of persistent.c has passes.
const ROW: usize = 25;

/// What a user's environment would be under `tine`, as far as the targets need
/// it: sanitizers report by a signal.
const SANITIZERS: [(&str, &str); 3] = [
    (
        "ASAN_OPTIONS",
        "abort_on_error=1:symbolize=0:detect_leaks=0",
    ),
    (
        "UBSAN_OPTIONS",
        "abort_on_error=1:halt_on_error=1:symbolize=0",
    ),
    ("MSAN_OPTIONS", "abort_on_error=1:symbolize=0"),
];

/// Every case ends the same each time and covers the same edges.
pub fn check(bench: &Workbench, built: &Built) -> Vec<String> {
    let mut config = TargetConfig::new(built.program());
    config.current_dir = Some(bench.dir());
    config.env = SANITIZERS
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    config.env.push(bench.marker_variable());
    config.crash_exit_code = built.data.crash_exit_code;
    if built.data.input == InputRoute::File {
        let file = bench.path("input");
        config.args = vec![file.clone().into()];
        config.input = tine_controller::InputRoute::File(file);
    }
    let mut server = match ForkServer::start(config) {
        Ok(server) => server,
        Err(error) => return vec![format!("the fork server does not start: {error}")],
    };
    let wrong = check_info(&server, built);
    let mut session = Session {
        server: &mut server,
        // AFL++'s runtime counts what lies before its loop in the first pass.
        is_steady: built.compiler.by_tine || built.data.mode != Mode::Persistent,
        cases: &built.data.cases,
        known: vec![None; built.data.cases.len()],
        wrong,
    };
    for round in 0..ROUNDS {
        for number in 0..built.data.cases.len() {
            session.run(number, &format!("round {round}"));
        }
    }
    for run in 0..ROW {
        session.run(0, &format!("run {run} in a row"));
    }
    session.check_new_edges();
    let mut wrong = session.wrong;
    if server.restarts() != 0 {
        wrong.push(format!(
            "the fork server was restarted {} times",
            server.restarts()
        ));
    }
    wrong
}

fn check_info(server: &ForkServer, built: &Built) -> Vec<String> {
    let info = server.info();
    let data = built.data;
    let mut wrong = Vec::new();
    // AFL++ that distributions ship speaks its older dialect.
    let is_known = if built.compiler.by_tine {
        info.dialect == Dialect::V1
    } else {
        matches!(info.dialect, Dialect::Options | Dialect::V1)
    };
    if !is_known {
        wrong.push(format!("it speaks {:?}", info.dialect));
    }
    let wanted = (data.mode == Mode::Persistent, data.input == InputRoute::Shm);
    if (info.persistent, info.shm_input) != wanted {
        wrong.push(format!(
            "(persistent, input by shared memory) is ({}, {}), not {wanted:?}",
            info.persistent, info.shm_input
        ));
    }
    if data.mode == Mode::Deferred && !info.deferred {
        wrong.push("it is not known to be deferred".into());
    }
    if built.compiler.clang && built.compiler.by_tine {
        let edges = info.edges.unwrap_or_default();
        if edges <= data.edges_over || edges > info.map_size {
            wrong.push(format!(
                "{edges} edges, not over {} and within a map of {} bytes",
                data.edges_over, info.map_size
            ));
        }
    }
    wrong
}

/// Runs on one fork server.
struct Session<'a> {
    server: &'a mut ForkServer,
    /// The same input covers the same edges each time.
    is_steady: bool,
    cases: &'a [Case],
    /// The edges of each case that was run.
    known: Vec<Option<BTreeSet<usize>>>,
    wrong: Vec<String>,
}

impl Session<'_> {
    /// Runs a case once. It ends as expected and covers what it did before.
    fn run(&mut self, number: usize, when: &str) {
        let case = &self.cases[number];
        let mut complain =
            |what: String| self.wrong.push(format!("{}, {when}: {what}", case.input));
        let limit = Duration::from_millis(case.time_limit());
        let outcome = match self.server.run_with_timeout(&case.input.bytes(), limit) {
            Ok(outcome) => outcome,
            Err(error) => return complain(error.to_string()),
        };
        if !is_outcome(outcome, case.outcome) {
            complain(format!("wanted {}, it {outcome}", case.outcome));
        }
        let edges = take_edges(self.server);
        if edges.is_empty() {
            complain("no edge is covered".into());
        }
        // Where an endless loop is broken off is not the same every time.
        let is_steady = self.is_steady && case.outcome != Expected::Timeout;
        match &self.known[number] {
            Some(before) if is_steady && *before != edges => {
                let odd: Vec<_> = before.symmetric_difference(&edges).collect();
                complain(format!("other edges than before: {odd:?}"));
            }
            Some(_) => {}
            None => self.known[number] = Some(edges),
        }
    }

    fn check_new_edges(&mut self) {
        let mut covered = BTreeSet::new();
        for (case, edges) in self.cases.iter().zip(&self.known) {
            let edges = edges.clone().unwrap_or_default();
            if case.new_edges && edges.is_subset(&covered) {
                self.wrong
                    .push(format!("{}: covers nothing new", case.input));
            }
            covered.extend(edges);
        }
    }
}

/// The edges of the last run; the counters are cleared for the next.
fn take_edges(server: &ForkServer) -> BTreeSet<usize> {
    let mut counters = vec![0; server.map().len()];
    server.map().copy_to(&mut counters);
    server.map().clear();
    let taken = counters.iter().enumerate().filter(|(_, count)| **count > 0);
    taken.map(|(edge, _)| edge).collect()
}

fn is_outcome(outcome: Outcome, wanted: Expected) -> bool {
    match (outcome, wanted) {
        // The last pass of a loop ends with the process.
        (Outcome::LoopDone | Outcome::Exited(0), Expected::Ok) => true,
        (Outcome::Exited(got), Expected::Exit(code))
        | (Outcome::CrashExit(got), Expected::CrashExit(code)) => got == code,
        (Outcome::Signaled { signal: got, .. }, Expected::Signal(signal)) => got == signal as i32,
        (Outcome::TimedOut, Expected::Timeout) => true,
        _ => false,
    }
}
