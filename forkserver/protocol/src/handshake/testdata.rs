//! Both state machines over recorded and malformed byte streams (`testdata/`), cut off
//! at every byte, and over a million streams that are like them.

extern crate std;

use super::{
    controller::{self, ControllerHandshake},
    runtime::{self, Dialect, Offer, RuntimeHandshake},
};
use crate::{layout::coverage, options::OldOptions};
use std::{
    format, fs,
    path::PathBuf,
    string::{String, ToString},
    vec,
    vec::Vec,
};

/// A file of testdata.
struct Stream {
    name: String,
    /// Bytes of the runtime.
    runtime: Vec<u8>,
    /// Bytes of the controller.
    controller: Vec<u8>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn streams() -> Vec<Stream> {
    let mut streams = Vec::new();
    for kind in ["recorded", "malformed"] {
        for entry in fs::read_dir(folder().join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let mut stream = Stream {
                name: format!("{kind}/{name}"),
                runtime: Vec::new(),
                controller: Vec::new(),
            };
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                match line.split_at(2) {
                    ("R ", hex) => stream.runtime.extend(bytes(hex)),
                    ("C ", hex) => stream.controller.extend(bytes(hex)),
                    _ => panic!("{}: {line:?}", stream.name),
                }
            }
            streams.push(stream);
        }
    }
    streams.sort_by(|a, b| a.name.cmp(&b.name));
    streams
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// Bytes that are read from their start.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    /// A word; the streams were recorded where the low byte comes first.
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }
}

/// End of a state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End<T> {
    /// The stream was over first.
    Waits,
    Agreed(T),
    Failed(String),
}

/// Runs the controller's machine over what a runtime says. Also returns what it says.
fn control(stream: &[u8]) -> (End<controller::Agreement>, Vec<u8>) {
    use controller::Action;
    let mut machine = ControllerHandshake::new(true);
    let mut stream = Reader(stream);
    let mut said = Vec::new();
    loop {
        let step = match machine.action() {
            Action::Done(agreement) => return (End::Agreed(agreement), said),
            Action::Receive => match stream.word() {
                Some(word) => machine.received(word),
                None => return (End::Waits, said),
            },
            Action::Send(word) => {
                said.extend(word.to_le_bytes());
                machine.sent()
            }
            Action::Drain(length) => {
                assert!(length <= controller::MAX_AUTODICT, "{length} bytes to read");
                match stream.skip(length as usize) {
                    Some(()) => machine.drained(),
                    None => return (End::Waits, said),
                }
            }
        };
        if let Err(error) = step {
            return (End::Failed(error.to_string()), said);
        }
    }
}

/// The same for the runtime's machine.
fn serve(offer: Offer, dialect: Dialect, stream: &[u8]) -> (End<runtime::Agreement>, Vec<u8>) {
    use runtime::Action;
    let mut machine = RuntimeHandshake::new(offer, dialect);
    let mut stream = Reader(stream);
    let mut said = Vec::new();
    loop {
        match machine.action() {
            Action::Serve(agreement) => return (End::Agreed(agreement), said),
            Action::Refuse(word) => return (End::Failed(format!("refuses {word:#010x}")), said),
            Action::Send(word) => {
                said.extend(word.to_le_bytes());
                machine.sent();
            }
            Action::SendDictionary => {
                said.extend([0; 5]);
                machine.sent();
            }
            Action::Receive => match stream.word() {
                Some(word) => machine.received(word),
                None => return (End::Waits, said),
            },
        }
    }
}

/// Offer and dialect of a runtime that says this.
fn offer_of(stream: &Stream) -> (Offer, Dialect) {
    let mut reader = Reader(&stream.runtime);
    let hello = reader.word().and_then(OldOptions::decode);
    let agreement = match control(&stream.runtime).0 {
        End::Agreed(agreement) => Some(agreement),
        _ => None,
    };
    let offer = Offer {
        map_size: agreement.and_then(|it| it.map_size).unwrap_or(64),
        shm_input: agreement.is_some_and(|it| it.shm_input),
        control_page: agreement.is_some_and(|it| it.control_page),
        dictionary: 0,
        cmplog: hello.is_some_and(OldOptions::cmplog),
    };
    match hello {
        Some(_) => (offer, Dialect::Options),
        None => (offer, Dialect::V1),
    }
}

fn describe_controller(end: &End<controller::Agreement>) -> String {
    match end {
        End::Waits => "waits".into(),
        End::Failed(error) => format!("error: {error}"),
        End::Agreed(agreed) => {
            let mut text = format!("{:?}", agreed.dialect).to_lowercase();
            if let Some(size) = agreed.map_size {
                text += &format!(", map of {size}");
            }
            if agreed.shm_input {
                text += ", shared memory";
            }
            if agreed.control_page {
                text += ", control page";
            }
            text
        }
    }
}

fn describe_runtime(end: &End<runtime::Agreement>) -> String {
    match end {
        End::Waits => "waits".into(),
        End::Failed(error) => error.clone(),
        End::Agreed(agreed) => {
            let mut text = format!("{:?}", agreed.dialect).to_lowercase();
            if agreed.shm_input {
                text += ", shared memory";
            }
            if agreed.control_page {
                text += ", control page";
            }
            if agreed.first_request.is_some() {
                text += ", first request";
            }
            text
        }
    }
}

/// expected.txt: for each stream what the two machines make of it. The files are
/// compared as a whole, so that none can be missing.
#[test]
fn every_stream_ends_as_written_down() {
    let mut text = String::new();
    for stream in streams() {
        let (offer, dialect) = offer_of(&stream);
        text += &format!(
            "{}\n  controller: {}\n  runtime: {}\n",
            stream.name,
            describe_controller(&control(&stream.runtime).0),
            describe_runtime(&serve(offer, dialect, &stream.controller).0),
        );
    }
    let expected = fs::read_to_string(folder().join("expected.txt")).unwrap();
    let expected: String = expected
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(text, expected, "\n{text}");
}

/// tine's controller says to each recorded runtime what the recorded controller said,
/// and tine's runtime says what the recorded one of tine-cc said.
#[test]
fn our_machines_say_what_the_recorded_sides_said() {
    let mut ours = 0;
    for stream in streams() {
        let is_recorded = stream.name.starts_with("recorded/");
        if is_recorded && !stream.name.starts_with("recorded/refused") {
            let (end, said) = control(&stream.runtime);
            assert!(matches!(end, End::Agreed(_)), "{}: {end:?}", stream.name);
            assert!(stream.controller.starts_with(&said), "{}", stream.name);
            // Nothing that a runtime reads is left unsaid: a run request follows.
            assert_eq!(stream.controller[said.len()..], [0; 4], "{}", stream.name);
        }
        let by_tine = ["404-tine", "440-tine", "tine-tine"];
        if is_recorded && by_tine.iter().any(|it| stream.name.contains(it)) {
            let (offer, dialect) = offer_of(&stream);
            let (end, said) = serve(offer, dialect, &stream.controller);
            assert!(matches!(end, End::Agreed(_)), "{}: {end:?}", stream.name);
            assert!(stream.runtime.starts_with(&said), "{}", stream.name);
            ours += 1;
        }
    }
    assert!(ours >= 5, "only {ours} recordings of our runtime");
}

/// Cut off at any byte a stream is waited for, or was complete by then.
#[test]
fn every_truncation_of_every_stream_waits_or_ends_the_same() {
    for stream in streams() {
        let (whole, _) = control(&stream.runtime);
        for length in 0..stream.runtime.len() {
            let (end, _) = control(&stream.runtime[..length]);
            assert!(
                end == End::Waits || end == whole,
                "{} cut to {length}: {end:?}",
                stream.name
            );
        }
        let (offer, dialect) = offer_of(&stream);
        let (whole, _) = serve(offer, dialect, &stream.controller);
        for length in 0..stream.controller.len() {
            let (end, _) = serve(offer, dialect, &stream.controller[..length]);
            assert!(
                end == End::Waits || end == whole,
                "{} cut to {length}: {end:?}",
                stream.name
            );
        }
    }
}

/// Xorshift: the same streams in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize
    }

    /// Changes, cuts or prolongs `bytes` a little.
    fn disturb(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.next() % 3 {
            let at = self.next() % (bytes.len() + 1);
            match self.next() % 5 {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.next() as u8),
                2 => bytes.extend((self.next() as u32).to_le_bytes()),
                _ if at < bytes.len() => bytes[at] ^= 1 << (self.next() % 8),
                _ => {}
            }
        }
    }
}

#[test]
fn a_million_disturbed_streams_end_in_an_error_an_agreement_or_a_wait() {
    let streams = streams();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut ends = vec![0u32; 6];
    let mut buffer = Vec::new();
    for _ in 0..1_000_000 {
        let stream = &streams[random.next() % streams.len()];
        buffer.clone_from(&stream.runtime);
        random.disturb(&mut buffer);
        let (end, said) = control(&buffer);
        assert!(said.len() <= 4, "{buffer:x?}");
        ends[match end {
            End::Waits => 0,
            End::Failed(_) => 1,
            End::Agreed(agreed) => {
                let size = agreed.map_size.unwrap_or(1) as usize;
                assert!((1..=coverage::MAX_MAP_SIZE).contains(&size), "{buffer:x?}");
                2
            }
        }] += 1;

        buffer.clone_from(&stream.controller);
        random.disturb(&mut buffer);
        let offer = Offer {
            map_size: random.next() as u32,
            shm_input: random.next() & 1 == 0,
            control_page: random.next() & 1 == 0,
            dictionary: [0, 5][random.next() & 1],
            cmplog: random.next() & 1 == 0,
        };
        let dialect = [Dialect::V1, Dialect::Options][random.next() & 1];
        let (end, said) = serve(offer, dialect, &buffer);
        assert!(said.len() <= 25, "{buffer:x?}");
        ends[match end {
            End::Waits => 3,
            End::Failed(_) => 4,
            End::Agreed(agreed) => {
                assert!(offer.shm_input || !agreed.shm_input, "{buffer:x?}");
                assert!(offer.control_page || !agreed.control_page, "{buffer:x?}");
                5
            }
        }] += 1;
    }
    // Streams that all end alike would test nothing.
    assert!(ends.iter().all(|count| *count > 10_000), "{ends:?}");
}
