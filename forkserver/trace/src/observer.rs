//! From system calls to events: who is who, which pipe is which.

mod calls;
mod names;
mod server;
mod traffic;

use crate::{
    Actor, Event, FORMAT_VERSION, PipeName, Recording, Role, Step, kernel::Origin, memory, wire,
};
use names::{Key, Names};
use server::Server;
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tine_protocol::{
    WaitStatus,
    fds::{CONTROL_FD, STATUS_FD},
};

/// Of how many edges number and count are recorded.
const EDGES_SHOWN: usize = 8;

/// Turns what the traced do into events.
pub(crate) struct Observer<F> {
    started: Instant,
    recording: Recording,
    on_event: F,
    root: i32,
    /// Actors by process id.
    actors: HashMap<i32, usize>,
    children: usize,
    others: usize,
    /// Processes that the controller forked for itself, and that these forked, unless one
    /// became a fork server.
    beside: HashSet<i32>,
    servers: usize,
    server: Option<Server>,
    /// Names of pipes and segments, some of which are not known yet.
    names: Names,
    /// Events from the first one on that waits for a name.
    waiting: Vec<(Event, Option<Key>)>,
    /// The file that the controller wrote last, and how much.
    written: Option<(PathBuf, u64)>,
    segments: Vec<i32>,
    /// Processes that the controller forked for itself: nothing is told of them.
    hidden: HashSet<i32>,
    /// Wait statuses of processes that ended.
    statuses: HashMap<i32, i32>,
    ending: bool,
    /// Since when the controller has waited in vain. It may look up in between.
    waits_since: Option<Instant>,
}

impl<F: FnMut(&Recording, &Event)> Observer<F> {
    pub(crate) fn new(command: Vec<String>, root: i32, on_event: F) -> Self {
        let mut observer = Self {
            started: Instant::now(),
            recording: Recording {
                version: FORMAT_VERSION,
                command,
                ..Recording::default()
            },
            on_event,
            root,
            actors: HashMap::new(),
            children: 0,
            others: 0,
            beside: HashSet::new(),
            servers: 0,
            server: None,
            names: Names::default(),
            waiting: Vec::new(),
            written: None,
            segments: Vec::new(),
            hidden: HashSet::new(),
            statuses: HashMap::new(),
            ending: false,
            waits_since: None,
        };
        observer.add_actor(root, Role::Controller, "controller".into());
        observer
    }

    /// The recording, when nobody is traced any more.
    pub(crate) fn finish(mut self) -> Recording {
        self.release();
        // It has segments attached as well.
        self.server = None;
        for id in &self.segments {
            if memory::segment_exists(*id) {
                self.recording.left.push(format!("System V segment {id}"));
            }
        }
        self.recording
    }

    /// The user has seen enough.
    pub(crate) fn interrupted(&mut self) {
        self.recording.interrupted = true;
    }

    /// A process outlived the controller.
    pub(crate) fn outlived(&mut self, process: i32) {
        let name = self.actors.get(&process).map_or_else(
            || "process".into(),
            |actor| self.recording.actors[*actor].name.clone(),
        );
        self.recording
            .left
            .push(format!("{name} ({process}), which was killed now"));
    }

    pub(crate) fn forked(&mut self, parent: i32, child: i32) {
        let of_server = self
            .server
            .as_ref()
            .is_some_and(|server| server.pid == parent && !server.wire.shaking_hands());
        let parent_role = self.role(parent);
        let (role, name) = if of_server {
            self.children += 1;
            (Role::Child, format!("child {}", self.children))
        } else {
            self.others += 1;
            (Role::Other, format!("process {}", self.others))
        };
        let actor = self.add_actor(child, role, name);
        let pid_in_page = of_server
            && self
                .server
                .as_ref()
                .and_then(|server| server.wire.agreement())
                .is_some_and(|agreed| agreed.control_page);
        // Of those that the controller forks, and that these fork, the fork server matters.
        let matters = !matches!(parent_role, Role::Controller | Role::Other);
        if !matters {
            self.beside.insert(child);
        }
        let key = (!matters).then_some(Key::Process(child));
        self.say(parent, Some(actor), Step::Forked { pid_in_page }, key);
    }

    pub(crate) fn executed(&mut self, process: i32) {
        let pipes = (
            memory::descriptor(process, CONTROL_FD),
            memory::descriptor(process, STATUS_FD),
        );
        let is_pipe = |path: &Path| path.to_string_lossy().starts_with("pipe:");
        match pipes {
            (Some(control), Some(status))
                if is_pipe(&control) && is_pipe(&status) && self.role(process) == Role::Other =>
            {
                self.server_executed(process, control, status);
            }
            // A controller that executes itself is nobody else.
            _ if process == self.root => {}
            _ => {
                let program = memory::program(process);
                let variables = Vec::new();
                self.say(process, None, Step::Executed { program, variables }, None);
            }
        }
    }

    fn server_executed(&mut self, process: i32, control: PathBuf, status: PathBuf) {
        self.servers += 1;
        self.ending = false;
        self.waits_since = None;
        let actor = self.actors[&process];
        self.recording.actors[actor].role = Role::ForkServer;
        self.recording.actors[actor].name = match self.servers {
            1 => "fork server".into(),
            number => format!("fork server {number}"),
        };
        let server = Server::new(process, actor, control, status);
        self.names.add_pipe(&server.control, PipeName::Control);
        self.names.add_pipe(&server.status, PipeName::Status);
        for (name, id) in &server.segments {
            self.names.add_segment(*id, *name);
        }
        self.names.add_process(process);
        if let Some(stdin) = memory::descriptor(process, 0) {
            self.names.add_file(stdin);
        }
        let program = memory::program(process);
        let variables = server.variables.clone();
        self.server = Some(server);
        self.release();
        self.say(process, None, Step::Executed { program, variables }, None);
    }

    pub(crate) fn ended(&mut self, process: i32, status: i32) {
        self.statuses.insert(process, status);
        if self.hidden.contains(&process) {
            return;
        }
        let status = WaitStatus(status);
        let step = Step::Ended {
            status: status.0,
            meaning: wire::ended(status),
        };
        if self
            .server
            .as_ref()
            .is_some_and(|server| server.pid == process)
        {
            self.ending = true;
        }
        let role = self.role(process);
        if role == Role::Other && self.server.is_some() && self.beside.contains(&process) {
            return;
        }
        let key = match role {
            // Something else that the controller ran.
            Role::Other if self.names.waits(&Key::Process(process)) => Some(Key::Process(process)),
            _ => None,
        };
        self.say(process, None, step, key);
    }

    pub(crate) fn stopped(&mut self, process: i32, signal: i32) {
        let name = wire::signal_name(signal);
        self.say(process, None, Step::Stopped { signal, name }, None);
    }

    pub(crate) fn continued(&mut self, process: i32) {
        self.say(process, None, Step::Continued, None);
    }

    pub(crate) fn signal(&mut self, process: i32, signal: i32, origin: Option<Origin>) {
        // These tell what wait and stops tell anyway.
        if [libc::SIGCHLD, libc::SIGCONT, libc::SIGSTOP].contains(&signal) || process == self.root {
            return;
        }
        let origin = match origin {
            Some(Origin::Process(sender)) if self.actors.contains_key(&sender) => return,
            Some(Origin::Process(sender)) => {
                format!("sent by process {sender}, which is not traced")
            }
            Some(Origin::Fault(address)) => format!("the memory or instruction at {address:#x}"),
            Some(Origin::Kernel) | None => "from the kernel".into(),
        };
        let name = wire::signal_name(signal);
        let step = Step::SignalReceived {
            signal,
            name,
            origin,
        };
        self.say(process, None, step, None);
    }

    fn role(&self, process: i32) -> Role {
        self.actors
            .get(&process)
            .map_or(Role::Other, |actor| self.recording.actors[*actor].role)
    }

    fn add_actor(&mut self, pid: i32, role: Role, name: String) -> usize {
        let actor = self.recording.actors.len();
        self.recording.actors.push(Actor { pid, role, name });
        self.actors.insert(pid, actor);
        actor
    }

    fn phase(&self) -> String {
        match &self.server {
            _ if self.ending => "end".into(),
            None => "start".into(),
            Some(server) => server.phase(),
        }
    }

    /// Records an event. With a `key` it is told only once it is clear what the key
    /// stands for.
    fn say(&mut self, process: i32, to: Option<usize>, step: Step, key: Option<Key>) {
        let Some(&actor) = self.actors.get(&process) else {
            return;
        };
        let event = Event {
            at_us: micros(self.started.elapsed()),
            phase: self.phase(),
            actor,
            to,
            step,
            text: String::new(),
        };
        match key {
            Some(key) if !self.names.knows(&key) => {
                self.names.wait_for(key.clone());
                self.waiting.push((event, Some(key)));
            }
            _ if !self.waiting.is_empty() => self.waiting.push((event, None)),
            _ => self.tell(event),
        }
    }

    /// Tells all events that waited for a name.
    fn release(&mut self) {
        for (mut event, key) in std::mem::take(&mut self.waiting) {
            let Some(key) = key else {
                self.tell(event);
                continue;
            };
            if self.names.resolve(&key, &mut event.step) {
                self.tell(event);
            } else if let Key::Process(process) = key {
                self.hidden.insert(process);
            }
        }
        self.names.forget_waiting();
    }

    fn tell(&mut self, mut event: Event) {
        let to = event.to.map(|to| self.recording.actors[to].name.as_str());
        event.text = event.step.sentence(to);
        self.recording.events.push(event);
        if let Some(event) = self.recording.events.last() {
            (self.on_event)(&self.recording, event);
        }
    }
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}
