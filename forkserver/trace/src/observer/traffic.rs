//! Traffic on the pipes, and the inputs and counters beside them.

use super::{EDGES_SHOWN, Observer, micros, server::Server};
use crate::{Event, PipeName, Recording, Route, Step, memory, tracer::REPORT, wire::Piece};
use std::path::{Path, PathBuf};

impl<F: FnMut(&Recording, &Event)> Observer<F> {
    pub(super) fn writes(&mut self, process: i32, fd: i32, address: u64, count: u64) {
        let Some(link) = memory::descriptor(process, fd) else {
            return;
        };
        let Some(server) = &self.server else {
            self.notes_file(process, link, count);
            return;
        };
        if link == server.control && process == self.root {
            let bytes = memory::bytes(process, address, count as usize);
            if server.wire.awaits_request() {
                self.says_input(process);
            }
            self.waits_since = None;
            self.say_words(process, PipeName::Control, |server| {
                server.wire.controller_wrote(&bytes)
            });
            self.say_half_word(process, PipeName::Control);
        } else if link == server.status {
            let bytes = memory::bytes(process, address, count as usize);
            if server.wire.awaits_status() && process == server.pid {
                self.says_coverage(process);
            }
            self.say_words(process, PipeName::Status, |server| {
                server.wire.runtime_wrote(&bytes, count)
            });
            self.say_half_word(process, PipeName::Status);
        } else {
            self.notes_file(process, link, count);
        }
    }

    /// Inputs that do not come by shared memory are written to a file first.
    fn notes_file(&mut self, process: i32, link: PathBuf, count: u64) {
        let is_device = link.starts_with("/dev") && !link.starts_with("/dev/shm");
        let is_file = link.starts_with("/") && !is_device && !is_report(&link);
        if process == self.root && is_file {
            self.written = Some((link, count));
        }
    }

    fn says_input(&mut self, process: i32) {
        let Some(server) = &self.server else { return };
        let shared = server
            .wire
            .agreement()
            .is_some_and(|agreed| agreed.shm_input);
        let input = if shared {
            let length = server.memory.input_length();
            length.map(|length| (Route::SharedMemory, length.into()))
        } else {
            let stdin = memory::descriptor(server.pid, 0);
            self.written.take().map(|(file, bytes)| {
                let route = if stdin.as_ref() == Some(&file) {
                    Route::Stdin
                } else {
                    Route::File
                };
                (route, bytes)
            })
        };
        let next = server.wire.runs() + 1;
        if let Some((route, bytes)) = input {
            self.begin_run(next);
            self.say(process, None, Step::Input { route, bytes }, None);
        }
    }

    fn says_coverage(&mut self, process: i32) {
        let Some(server) = &self.server else { return };
        let map_bytes = server.map_bytes();
        if let Some((edges, first)) = server.memory.counters(map_bytes, EDGES_SHOWN) {
            let step = Step::Coverage {
                edges,
                map_bytes,
                first,
            };
            self.say(process, None, step, None);
        }
    }

    fn say_words(
        &mut self,
        process: i32,
        pipe: PipeName,
        pieces: impl FnOnce(&mut Server) -> Vec<Piece>,
    ) {
        let Some(server) = &mut self.server else {
            return;
        };
        let pieces = pieces(server);
        let runs = server.wire.runs();
        let other = match pipe {
            PipeName::Control => server.actor,
            PipeName::Status => self.actors[&self.root],
        };
        for piece in pieces {
            let count = piece.count;
            if piece.word == "run request" {
                self.begin_run(runs);
            }
            let step = step_of(pipe, piece);
            self.say(process, Some(other), step, None);
            let index = self.recording.events.len().checked_sub(1);
            if let (Some(server), Some(index)) = (&mut self.server, index) {
                server.sent(pipe, index, count);
            }
        }
    }

    /// From here on it is run `number`.
    fn begin_run(&mut self, number: u32) {
        if let Some(server) = &mut self.server {
            server.begin_run(number);
        }
    }

    pub(super) fn reads(&mut self, process: i32, fd: i32, count: u64) {
        let Some(link) = memory::descriptor(process, fd) else {
            return;
        };
        let at_us = micros(self.started.elapsed());
        let Some(server) = &mut self.server else {
            return;
        };
        let pipe = if link == server.control {
            PipeName::Control
        } else if link == server.status {
            PipeName::Status
        } else {
            return;
        };
        if process == self.root {
            self.waits_since = None;
        }
        for index in server.read(pipe, count) {
            if let Some(Event {
                step: Step::Word { read_at_us, .. },
                ..
            }) = self.recording.events.get_mut(index)
            {
                *read_at_us = Some(at_us);
            }
        }
    }

    /// A write that ended within a word.
    fn say_half_word(&mut self, process: i32, pipe: PipeName) {
        let Some(server) = &self.server else { return };
        let (from_runtime, from_controller) = server.wire.left_over();
        let bytes = match pipe {
            PipeName::Status => from_runtime,
            PipeName::Control => from_controller,
        };
        if !bytes.is_empty() {
            let step = Step::Bytes {
                pipe,
                count: bytes.len() as u64,
                meaning: format!("{}: only a part of a word so far", crate::event::hex(bytes)),
                wrong: true,
            };
            self.say(process, None, step, None);
        }
    }
}

fn step_of(pipe: PipeName, piece: Piece) -> Step {
    if piece.word.is_empty() {
        return Step::Bytes {
            pipe,
            count: piece.count,
            meaning: piece.meaning,
            wrong: piece.wrong,
        };
    }
    let mut value = [0; 4];
    value.copy_from_slice(&piece.bytes[..4]);
    Step::Word {
        pipe,
        value: u32::from_ne_bytes(value),
        bytes: piece.bytes,
        word: piece.word.into(),
        meaning: piece.meaning,
        wrong: piece.wrong,
        read_at_us: None,
    }
}

/// Returns whether a descriptor leads to the controller's report about its runs.
fn is_report(link: &Path) -> bool {
    let name = link.to_str().and_then(|link| link.strip_prefix("/memfd:"));
    name.is_some_and(|name| name.strip_suffix(" (deleted)") == REPORT.to_str().ok())
}
