//! Events of system calls, apart from the traffic on the pipes.

use super::{Observer, micros, names::Key};
use crate::{Event, Recording, Role, SegmentName, Step, call::Call, memory, wire};
use std::time::{Duration, Instant};
use tine_ipc::{Pid, signal};
use tine_protocol::{
    WaitStatus,
    fds::{CONTROL_FD, STATUS_FD},
};

impl<F: FnMut(&Recording, &Event)> Observer<F> {
    /// A system call is about to be made.
    pub(crate) fn enters(&mut self, process: i32, call: Call) {
        match call {
            Call::Write { fd, address, count } => self.writes(process, fd, address, count),
            Call::Kill { pid, signal, group } => self.kills(process, pid, signal, group),
            Call::Close { first, last } => self.closes(process, first, last),
            _ => {}
        }
    }

    /// A system call was made.
    pub(crate) fn leaves(&mut self, process: i32, call: Call, result: i64, took: Duration) {
        if result < 0 {
            return;
        }
        match call {
            Call::Pipe { descriptors } => self.pipe_created(process, descriptors),
            Call::SegmentGet { bytes } => {
                let id = result as i32;
                self.segments.push(id);
                let step = |segment| Step::SegmentCreated { segment, id, bytes };
                self.say_of_segment(process, id, step);
            }
            Call::SegmentAttach { id } => {
                let address = result as u64;
                let step = |segment| Step::SegmentAttached {
                    segment,
                    id,
                    address,
                };
                self.say_of_segment(process, id, step);
            }
            Call::SegmentRemove { id } => {
                self.say_of_segment(process, id, |segment| Step::SegmentMarked { segment, id });
            }
            Call::Overlay { bytes } if self.role(process) == Role::ForkServer => {
                let address = result as u64;
                self.say(
                    process,
                    None,
                    Step::SegmentOverlaid { address, bytes },
                    None,
                );
            }
            // Later ones are not what the fork server was given.
            Call::FileCreate if process == self.root && self.server.is_none() => {
                let fd = result as i32;
                if let Some(link) = memory::descriptor(process, fd) {
                    self.say(process, None, Step::InputFile { fd }, Some(Key::File(link)));
                }
            }
            Call::Duplicate { new } if new == CONTROL_FD || new == STATUS_FD => {
                self.say_of_new_process(process, Step::Placed { fd: new });
            }
            Call::Read { fd, .. } => self.reads(process, fd, result as u64),
            Call::WaitReady if result == 0 && process == self.root => {
                self.waits_since
                    .get_or_insert_with(|| Instant::now() - took);
            }
            Call::Wait { status } if result > 0 => self.reaps(process, result as i32, status),
            Call::LeadSession => self.prepares(process, "setsid"),
            Call::LeadGroup => self.prepares(process, "setpgid"),
            Call::DieWithParent { signal } => {
                let signal = wire::signal_name(signal);
                self.prepares(process, &format!("prctl(PR_SET_PDEATHSIG, {signal})"));
            }
            _ => {}
        }
    }

    fn pipe_created(&mut self, process: i32, descriptors: u64) {
        if process != self.root {
            return;
        }
        let Some((read_fd, write_fd)) = memory::two_ints(process, descriptors) else {
            return;
        };
        let Some(link) = memory::descriptor(process, read_fd) else {
            return;
        };
        let step = Step::PipeCreated {
            pipe: None,
            read_fd,
            write_fd,
        };
        self.say(process, None, step, Some(Key::Pipe(link)));
    }

    fn say_of_segment(&mut self, process: i32, id: i32, step: impl Fn(SegmentName) -> Step) {
        match self.names.segment(id) {
            Some(name) => self.say(process, None, step(name), None),
            None => self.say(
                process,
                None,
                step(SegmentName::Other),
                Some(Key::Segment(id)),
            ),
        }
    }

    /// Notes a step of a process between fork and exec, or of a child before main.
    fn prepares(&mut self, process: i32, call: &str) {
        self.say_of_new_process(process, Step::Prepared { call: call.into() });
    }

    fn say_of_new_process(&mut self, process: i32, step: Step) {
        match self.role(process) {
            Role::Controller => {}
            Role::Other => self.say(process, None, step, Some(Key::Process(process))),
            Role::Child | Role::ForkServer => self.say(process, None, step, None),
        }
    }

    fn kills(&mut self, process: i32, pid: i32, signal: i32, group: bool) {
        // Neither asking whether somebody is there nor hitting nobody is news.
        let there = Pid::new(pid).is_some_and(|pid| match group {
            true => signal::send_group(pid, 0).is_ok(),
            false => signal::send(pid, 0).is_ok(),
        });
        if signal == 0 || !there {
            return;
        }
        let to = self.actors.get(&pid).copied();
        let ends = self.server.as_ref().is_some_and(|server| server.pid == pid);
        if process == self.root
            && let Some(since) = self.waits_since.take()
        {
            // What it does now is because of that.
            let waited_us = micros(since.elapsed());
            self.say(process, None, Step::LimitPassed { waited_us }, None);
        }
        self.ending |= ends && process == self.root;
        let name = wire::signal_name(signal);
        let step = Step::SignalSent {
            signal,
            name,
            group,
        };
        self.say(process, to, step, None);
    }

    fn closes(&mut self, process: i32, first: u32, last: u32) {
        let Some(server) = &self.server else { return };
        if process == self.root {
            return;
        }
        let closed: Vec<i32> = [CONTROL_FD, STATUS_FD]
            .into_iter()
            .filter(|fd| (first..=last).contains(&fd.cast_unsigned()))
            .filter(|fd| {
                memory::descriptor(process, *fd)
                    .is_some_and(|link| link == server.control || link == server.status)
            })
            .collect();
        if let (Some(&first), Some(&last)) = (closed.first(), closed.last()) {
            self.say(process, None, Step::Closed { first, last }, None);
        }
    }

    fn reaps(&mut self, process: i32, child: i32, status: u64) {
        if process == self.root && self.role(child) == Role::Other {
            return;
        }
        // A caller may not have asked for the status.
        let told = memory::int(process, status).or_else(|| self.statuses.get(&child).copied());
        let status = WaitStatus(told.unwrap_or(0));
        let to = self.actors.get(&child).copied();
        let step = Step::Reaped {
            status: status.0,
            meaning: wire::ended(status),
        };
        self.say(process, to, step, None);
    }
}
