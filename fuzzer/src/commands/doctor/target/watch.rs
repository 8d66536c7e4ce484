//! A start, and a run, watched from outside: which processes appear, which programs
//! they execute. Works as far as the system allows to trace.

use crate::commands::doctor::finding::{Finding, Id};
use std::time::Duration;
use tine_controller::{ForkServer, TargetConfig};
use tine_trace::{Event, Recording, Role, Step};

/// A start that is known to hang is watched for this long.
const START_LIMIT: Duration = Duration::from_secs(3);

/// Being watched makes a run slower.
const RUN_FACTOR: u32 = 4;

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Programs that were executed after the target, before its handshake was over.
    pub early_programs: Vec<String>,
    /// Processes that were made before the handshake was over.
    pub early_processes: usize,
    /// Programs that were executed in the run.
    pub programs: Vec<String>,
    /// Processes that the child made in the run.
    pub processes: usize,
    /// The first word, or bytes, on a pipe that may not stand there.
    pub wrong: Option<String>,
}

impl Seen {
    /// Whether processes appear that the fork server does not know of.
    pub const fn makes_processes(&self) -> bool {
        self.early_processes + self.processes > 0
    }

    /// What is worth saying of a target that works.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(program) = self.programs.first() {
            findings.push(
                Finding::slower(Id::Exec, format!("executes {program} in a run"))
                    .why("the fork server ends there: what the other program does is not covered")
                    .remedy(format!(
                        "tine fuzz … -- {program} …     # if that is what you are after"
                    )),
            );
        }
        if self.early_processes > 0 {
            findings.push(
                Finding::note(
                    Id::Forks,
                    format!(
                        "makes {} before its fork server starts",
                        processes(self.early_processes)
                    ),
                )
                .why("all runs share these; what one run does to them, the next one meets"),
            );
        }
        if self.processes > 0 {
            findings.push(
                Finding::note(
                    Id::Forks,
                    format!("makes {} in a run", processes(self.processes)),
                )
                .why("what is left of its process group after a run is killed; a daemon is killed later, when tine looks for them"),
            );
        }
        findings
    }

    fn note(&mut self, recording: &Recording, event: &Event, is_first: &mut bool) {
        let role = |actor: usize| recording.actors.get(actor).map(|actor| actor.role);
        let is_run = event.phase.starts_with("run");
        match &event.step {
            Step::Executed { program, .. } if role(event.actor) != Some(Role::Controller) => {
                if std::mem::take(is_first) {
                    // The target itself.
                } else if is_run {
                    self.programs.push(program.clone());
                } else {
                    self.early_programs.push(program.clone());
                }
            }
            Step::Forked { .. } => match role(event.actor) {
                Some(Role::Controller) | None => {}
                Some(Role::Child) => self.processes += 1,
                Some(Role::ForkServer | Role::Other) if !is_run => self.early_processes += 1,
                Some(Role::ForkServer | Role::Other) => {}
            },
            Step::Word { wrong: true, .. } | Step::Bytes { wrong: true, .. } => {
                self.wrong.get_or_insert_with(|| event.text.clone());
            }
            _ => {}
        }
    }
}

fn processes(count: usize) -> String {
    match count {
        1 => "a process".into(),
        many => format!("{many} processes"),
    }
}

/// Watches a start that failed.
pub fn start(config: &TargetConfig) -> Seen {
    let mut config = config.clone();
    config.startup_timeout = config.startup_timeout.min(START_LIMIT);
    watch(config, None)
}

/// Watches a run.
pub fn run(config: &TargetConfig, input: &[u8]) -> Seen {
    let mut config = config.clone();
    config.startup_timeout = config.startup_timeout.saturating_mul(RUN_FACTOR);
    config.timeout = config.timeout.saturating_mul(RUN_FACTOR);
    watch(config, Some(input))
}

/// Where it may not be watched nothing is seen; the host's findings say so.
fn watch(config: TargetConfig, input: Option<&[u8]>) -> Seen {
    let job = |_| {
        let Ok(mut server) = ForkServer::start(config) else {
            return 1;
        };
        match input.map(|input| server.run(input)) {
            Some(Err(_)) => 1,
            Some(Ok(_)) | None => 0,
        }
    };
    let Ok(recording) = tine_trace::record(Vec::new(), job, |_, _| {}) else {
        return Seen::default();
    };
    let mut seen = Seen::default();
    let mut is_first = true;
    for event in &recording.events {
        seen.note(&recording, event, &mut is_first);
    }
    seen
}
