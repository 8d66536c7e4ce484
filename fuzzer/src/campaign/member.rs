//! One instance: its process, and what it says.

use super::{lines::lines, plan::Planned};
use crate::report::figures::Figures;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io::{self, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::SyncSender,
    thread,
};

/// What comes from the instances.
#[derive(Debug)]
pub(super) enum Event {
    /// The instance of this index says a sentence.
    Said(usize, String),
    /// It says nothing any more.
    Silent,
}

/// An instance that was started. Dropped while it runs, it is killed.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) is_main: bool,
    /// Its folder, as the user names it.
    pub(super) folder: PathBuf,
    child: Child,
    status: Option<ExitStatus>,
    /// Whether it did not end when it was told to.
    pub(super) is_killed: bool,
    figures: Figures,
}

impl Member {
    /// Starts an instance. What it says comes to `events`.
    pub(super) fn start(
        planned: Planned,
        out: &Path,
        index: usize,
        events: SyncSender<Event>,
    ) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut words = planned.words.iter();
        if let Some(tine) = words.next() {
            command.arg0(tine);
        }
        let mut child = command
            .args(words)
            .envs(planned.variables)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(stderr) = child.stderr.take() {
            let listener = thread::Builder::new().name("tine-listener".into());
            listener.spawn(move || {
                for line in lines(BufReader::new(stderr)) {
                    if events.send(Event::Said(index, line)).is_err() {
                        return;
                    }
                }
                // Nobody may be listening any more.
                let _ = events.send(Event::Silent);
            })?;
        }
        Ok(Self {
            folder: out.join(&planned.name),
            name: planned.name,
            is_main: planned.is_main,
            child,
            status: None,
            is_killed: false,
            figures: Figures::default(),
        })
    }

    /// Whether it runs still, as far as [`Self::look`] has seen.
    pub(super) const fn runs(&self) -> bool {
        self.status.is_none()
    }

    /// Whether it has ended as it should.
    pub(super) fn is_well(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Sees whether it has ended. Returns how, once.
    pub(super) fn look(&mut self) -> Option<ExitStatus> {
        if self.status.is_some() {
            return None;
        }
        // A child of ours can be waited for.
        self.status = self.child.try_wait().ok().flatten();
        self.status
    }

    /// Where it stands. Reads `fuzzer_stats`, if this process has written one.
    pub(super) fn figures(&mut self) -> &Figures {
        let read = Figures::read(&self.folder.join("fuzzer_stats"));
        if read.pid == self.child.id() {
            self.figures = read;
        }
        &self.figures
    }

    /// Sends a signal if it runs.
    pub(super) fn signal(&self, signal: Signal) {
        if self.runs() {
            // It was not waited for: the number is its own still.
            let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.runs() {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}
