//! The bytes on the two pipes: what each word is and what it says, found out by
//! the controller's state machine of `tine-protocol`, which looks on.

use tine_ipc::signal;
use tine_protocol::{
    TargetError, WaitStatus,
    handshake::controller::{Action, Agreement, ControllerHandshake, Dialect, Expected},
    hello::{Hello, V1_ECHO},
    options::{OldOptions, Options},
    run::{PidWord, RunRequest, StatusWord},
    words::WORD_SIZE,
};

/// Bytes that crossed a pipe, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The bytes; of a dictionary only a part.
    pub(crate) bytes: Vec<u8>,
    /// Number of bytes.
    pub(crate) count: u64,
    /// `hello`, `options`, `pid` and so on. Empty for bytes that are no word.
    pub(crate) word: &'static str,
    /// Its meaning.
    pub(crate) meaning: String,
    /// It may not stand there.
    pub(crate) wrong: bool,
}

/// Where the exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Handshake,
    /// A dictionary, of which this many bytes are still to come.
    Dictionary(u64),
    /// Runs. The next word of the runtime is a pid if it sends any.
    Run {
        pid_next: bool,
    },
    /// Nothing can be told any more.
    Broken,
}

/// Both directions of one fork server's exchange.
#[derive(Debug)]
pub(crate) struct Wire {
    machine: ControllerHandshake,
    state: State,
    agreement: Option<Agreement>,
    from_runtime: Vec<u8>,
    from_controller: Vec<u8>,
    runs: u32,
    /// A run was requested and is not answered.
    running: bool,
    /// Map size that a hello with options announced.
    announced_map: Option<u32>,
}

impl Wire {
    /// An exchange that has not begun. `offers_shm_input`: the environment names an
    /// input segment.
    pub(crate) fn new(offers_shm_input: bool) -> Self {
        Self {
            machine: ControllerHandshake::new(offers_shm_input),
            state: State::Handshake,
            agreement: None,
            from_runtime: Vec::new(),
            from_controller: Vec::new(),
            runs: 0,
            running: false,
            announced_map: None,
        }
    }

    /// Agreement of the two sides, once they have one.
    pub(crate) fn agreement(&self) -> Option<Agreement> {
        self.agreement
    }

    /// Number of runs that were requested.
    pub(crate) fn runs(&self) -> u32 {
        self.runs
    }

    /// Returns whether the handshake is not over.
    pub(crate) fn shaking_hands(&self) -> bool {
        matches!(self.state, State::Handshake | State::Dictionary(_))
    }

    /// Returns whether a run request would be next on the control pipe.
    pub(crate) fn awaits_request(&self) -> bool {
        match self.state {
            State::Run { .. } => !self.running,
            State::Handshake => matches!(self.machine.action(), Action::Done(_)),
            State::Dictionary(_) | State::Broken => false,
        }
    }

    /// Returns whether a wait status would be next on the status pipe.
    pub(crate) fn awaits_status(&self) -> bool {
        self.state == State::Run { pid_next: false } && self.running
    }

    /// `count` bytes that the runtime wrote, `bytes` being the first of them.
    pub(crate) fn runtime_wrote(&mut self, bytes: &[u8], count: u64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if let State::Dictionary(left) = self.state {
            let taken = left.min(count);
            pieces.push(self.dictionary(bytes, taken, left));
            let rest = bytes.get(taken as usize..).unwrap_or_default().to_vec();
            if !rest.is_empty() {
                pieces.extend(self.runtime_wrote(&rest, count - taken));
            }
            return pieces;
        }
        self.from_runtime.extend(bytes);
        while self.from_runtime.len() >= WORD_SIZE {
            let rest = self.from_runtime.split_off(WORD_SIZE);
            let word = std::mem::replace(&mut self.from_runtime, rest);
            pieces.push(self.word_of_runtime(&word));
            if matches!(self.state, State::Dictionary(_)) && !self.from_runtime.is_empty() {
                let rest = std::mem::take(&mut self.from_runtime);
                let count = rest.len() as u64;
                pieces.extend(self.runtime_wrote(&rest, count));
            }
        }
        pieces
    }

    /// Bytes that the controller wrote.
    pub(crate) fn controller_wrote(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.from_controller.extend(bytes);
        while self.from_controller.len() >= WORD_SIZE {
            let rest = self.from_controller.split_off(WORD_SIZE);
            let word = std::mem::replace(&mut self.from_controller, rest);
            pieces.push(self.word_of_controller(&word));
        }
        pieces
    }

    /// Bytes that are no whole word yet: from the runtime, from the controller.
    pub(crate) fn left_over(&self) -> (&[u8], &[u8]) {
        (&self.from_runtime, &self.from_controller)
    }

    fn dictionary(&mut self, bytes: &[u8], taken: u64, left: u64) -> Piece {
        self.state = if taken == left {
            if self.machine.drained().is_ok() {
                self.settle();
                State::Handshake
            } else {
                State::Broken
            }
        } else {
            State::Dictionary(left - taken)
        };
        self.settle();
        Piece {
            bytes: bytes[..bytes.len().min(taken as usize)].to_vec(),
            count: taken,
            word: "",
            meaning: "tokens of the target's dictionary".into(),
            wrong: false,
        }
    }

    /// Goes on to the runs when the handshake is over.
    fn settle(&mut self) {
        if self.state != State::Handshake {
            return;
        }
        match self.machine.action() {
            Action::Done(agreement) => {
                self.agreement = Some(agreement);
                self.state = State::Run {
                    pid_next: !agreement.control_page,
                };
            }
            Action::Drain(count) => self.state = State::Dictionary(count.into()),
            Action::Receive | Action::Send(_) => {}
        }
    }

    fn word_of_runtime(&mut self, bytes: &[u8]) -> Piece {
        let word = value(bytes);
        let (name, meaning, wrong) = match self.state {
            State::Handshake => self.handshake_word(word),
            State::Run { pid_next: true } => self.pid(word),
            State::Run { pid_next: false } => self.status(word),
            State::Dictionary(_) | State::Broken => (
                "word",
                "nothing is agreed on that would give it a meaning".into(),
                true,
            ),
        };
        self.settle();
        Piece {
            bytes: bytes.to_vec(),
            count: bytes.len() as u64,
            word: name,
            meaning,
            wrong,
        }
    }

    fn handshake_word(&mut self, word: u32) -> (&'static str, String, bool) {
        let Some(expected) = self.machine.expected() else {
            self.state = State::Broken;
            return ("word", "it is the controller's turn".into(), true);
        };
        let (name, meaning) = match expected {
            Expected::Hello => {
                if let Hello::Options(options) = Hello::decode(word) {
                    self.announced_map = options.map_size();
                }
                ("hello", hello(word))
            }
            Expected::Options => ("options", options(word)),
            Expected::MapSize => ("map size", format!("{word} bytes")),
            Expected::DictionaryLength => ("dictionary length", format!("{word} bytes follow")),
            Expected::Done => ("done", "the hello again: the handshake is over".into()),
        };
        match self.machine.received(word) {
            Ok(()) => (name, meaning, false),
            Err(error) => {
                self.state = State::Broken;
                let name = if TargetError::decode(word).is_some() {
                    "error"
                } else {
                    name
                };
                (name, error.to_string(), true)
            }
        }
    }

    fn pid(&mut self, word: u32) -> (&'static str, String, bool) {
        match PidWord::decode(word) {
            PidWord::Pid(pid) => {
                self.state = State::Run { pid_next: false };
                ("pid", format!("the child is process {pid}"), false)
            }
            PidWord::Error(error) => {
                // No status follows: the next word answers another request.
                self.running = false;
                ("error", error.to_string(), true)
            }
            PidWord::Invalid(_) => {
                self.state = State::Run { pid_next: false };
                ("pid", "no process has this number".into(), true)
            }
        }
    }

    fn status(&mut self, word: u32) -> (&'static str, String, bool) {
        let pid_next = self.agreement.is_none_or(|agreed| !agreed.control_page);
        self.state = State::Run { pid_next };
        self.running = false;
        match StatusWord::decode(word) {
            StatusWord::Status(status) => {
                ("wait status", format!("the child {}", ended(status)), false)
            }
            StatusWord::Error(error) => ("error", error.to_string(), true),
        }
    }

    fn word_of_controller(&mut self, bytes: &[u8]) -> Piece {
        let word = value(bytes);
        let (name, meaning, wrong) = match (self.state, self.machine.action()) {
            (State::Handshake, Action::Send(V1_ECHO)) if word == V1_ECHO => {
                let _ = self.machine.sent();
                (
                    "echo",
                    "the hello with all bits inverted: v1 is spoken here too".into(),
                    false,
                )
            }
            (State::Handshake, Action::Send(asked))
                if asked != V1_ECHO && word & OldOptions::ENABLED == OldOptions::ENABLED =>
            {
                ("reply", self.old_reply(asked, word), false)
            }
            (State::Handshake, Action::Send(asked)) if word <= 1 => {
                // It took the hello for one that nothing follows, or wants nothing of
                // what is offered.
                self.settle_for(asked, false);
                self.request(word)
            }
            (State::Handshake, Action::Send(V1_ECHO)) => {
                self.state = State::Broken;
                (
                    "echo",
                    format!("{V1_ECHO:#010x} belongs here, the hello with all bits inverted"),
                    true,
                )
            }
            (State::Run { .. }, _) => self.request(word),
            (State::Handshake | State::Dictionary(_), _) => {
                ("word", "it is the runtime's turn".into(), true)
            }
            (State::Broken, _) => self.request(word),
        };
        self.settle();
        Piece {
            bytes: bytes.to_vec(),
            count: bytes.len() as u64,
            word: name,
            meaning,
            wrong,
        }
    }

    /// Goes on to the runs without what the state machine would have asked for.
    fn settle_for(&mut self, asked: u32, shm_input: bool) {
        self.agreement = Some(Agreement {
            dialect: if asked == V1_ECHO {
                Dialect::Classic
            } else {
                Dialect::Options
            },
            map_size: self.announced_map,
            shm_input,
            control_page: false,
        });
        self.state = State::Run { pid_next: true };
    }

    /// The reply of a controller to the options of AFL++ up to 4.10c.
    fn old_reply(&mut self, asked: u32, word: u32) -> String {
        let has = |option| word & option == option;
        let mut taken = Vec::new();
        if has(OldOptions::SHM_INPUT) {
            taken.push("inputs come by shared memory");
        }
        if has(OldOptions::AUTODICT) {
            taken.push("send the dictionary");
        }
        if word == asked {
            let _ = self.machine.sent();
        } else {
            self.settle_for(asked, has(OldOptions::SHM_INPUT));
        }
        if taken.is_empty() {
            "nothing of what is offered".into()
        } else {
            taken.join(", ")
        }
    }

    fn request(&mut self, word: u32) -> (&'static str, String, bool) {
        self.runs += 1;
        self.running = true;
        let meaning = match RunRequest::decode(word) {
            RunRequest::Go => "was_killed = 0: run the next input",
            RunRequest::WasKilled => {
                "was_killed = 1: the last child was killed; run the next input"
            }
        };
        ("run request", meaning.into(), false)
    }
}

fn value(bytes: &[u8]) -> u32 {
    let mut word = [0; WORD_SIZE];
    word.copy_from_slice(&bytes[..WORD_SIZE]);
    u32::from_ne_bytes(word)
}

fn hello(word: u32) -> String {
    match Hello::decode(word) {
        Hello::Classic => "classic AFL: any word will do, nothing follows".into(),
        Hello::V1 => "AFL++'s protocol, version 1".into(),
        Hello::Unknown { version } => format!("version {version} of the protocol"),
        Hello::Error(error) => error.to_string(),
        Hello::Options(options) => {
            let mut offered = vec!["AFL++ up to 4.10c".to_owned()];
            if let Some(size) = options.map_size() {
                offered.push(format!("map of {size} bytes"));
            }
            if options.shm_input() {
                offered.push("inputs by shared memory".into());
            }
            if options.autodict() {
                offered.push("a dictionary".into());
            }
            offered.join(", ")
        }
    }
}

fn options(word: u32) -> String {
    let known = [
        (Options::MAP_SIZE, "map size"),
        (Options::SHM_INPUT, "inputs by shared memory"),
        (Options::AUTODICT, "a dictionary"),
        (Options::CONTROL_PAGE, "tine's control page"),
    ];
    let mut said: Vec<String> = known
        .iter()
        .filter(|(bit, _)| word & bit != 0)
        .map(|(_, name)| (*name).to_owned())
        .collect();
    let unknown = known.iter().fold(word, |rest, (bit, _)| rest & !bit);
    if unknown != 0 {
        said.push(format!("unknown bits {unknown:#x}, which carry no data"));
    }
    said.join(", ")
}

/// A wait status as the end of a sentence: `exited with code 0`.
pub(crate) fn ended(status: WaitStatus) -> String {
    if let Some(code) = status.exit_code() {
        format!("exited with code {code}")
    } else if let Some(signal) = status.stop_signal() {
        format!("was stopped by {}", signal_name(signal))
    } else if let Some(signal) = status.signal() {
        let core = if status.dumped_core() {
            ", core dumped"
        } else {
            ""
        };
        format!("was ended by {}{core}", signal_name(signal))
    } else {
        format!("has wait status {:#x}", status.0)
    }
}

/// `SIGSEGV`, or `signal 40`.
pub(crate) fn signal_name(signal: i32) -> String {
    signal::name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

#[cfg(test)]
mod tests;
