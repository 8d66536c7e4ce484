//! Outside a fuzzer: the files and folders of the command line, or standard input.
//! Messages and exit codes are libFuzzer's, which scripts read.

use crate::{
    Harness,
    input::Input,
    names::Names,
    options::{Argument, Arguments, Options},
    text::{Decimal, say},
};
use core::{
    ffi::CStr,
    sync::atomic::{AtomicU32, Ordering},
};
use tine_ipc::{
    Errno, Fd,
    file::{self, EntryKind, Kind, Open},
    pipe, process,
    signal::{self, Action},
};

/// Exit code of libFuzzer's where a run takes too long.
const TIMEOUT_CODE: i32 = 70;

/// Exit code of libFuzzer's where the program takes too much memory.
const MEMORY_CODE: i32 = 71;

/// The longest path that Linux opens, with the zero at its end, in bytes.
const LONGEST_PATH: usize = 4096;

/// Seconds that a run may take: for the function that the signal calls.
static TIMEOUT: AtomicU32 = AtomicU32::new(0);

/// Runs the harness on all that `arguments` name. Returns the exit code: 1 if something
/// could not be read.
pub(crate) fn run(harness: Harness, options: &Options, arguments: Arguments) -> i32 {
    if options.help {
        help();
        return 0;
    }
    say_unknown(&arguments);
    let mut replay = Replay {
        harness,
        options,
        path: Path::new(),
        failed: false,
    };
    if options.timeout > 0 {
        TIMEOUT.store(options.timeout, Ordering::Relaxed);
        // SAFETY: the function below only enters the kernel, which it may do wherever
        // the program is; and it does not return.
        let _ = unsafe { signal::treat(signal::ALARM, Action::calling(too_slow)) };
    }
    let mut has_input = false;
    for argument in arguments {
        if let Argument::Input(name) = argument {
            has_input = true;
            replay.argument(name);
        }
    }
    if !has_input {
        replay.argument(c"-");
    }
    replay.failed.into()
}

fn help() {
    say(&[b"\
This program runs its harness on files. To fuzz it: tine fuzz -i SEEDS -o OUT -- PROGRAM

  PROGRAM [OPTIONS] [FILE | FOLDER | -]...    all files below a folder; - or nothing is
                                              standard input

  -runs=N            run each FILE so often
  -max_len=N         take so many bytes of a file in a folder
  -timeout=N         end with code 70 if a run takes so many seconds
  -rss_limit_mb=N    end with code 71 if the program takes so much memory
  -N                 under a fuzzer: inputs that a process runs
  --                 no options after this

Exit code 1: something could not be read. A crash is the harness's own.\n"]);
}

/// Names the options that mean nothing here, in one line.
fn say_unknown(arguments: &Arguments) {
    let mut has_any = false;
    for option in Options::unknown(arguments.clone()) {
        if !has_any {
            say(&[b"Options without a meaning here, skipped:"]);
        }
        has_any = true;
        say(&[b" -", option]);
    }
    if has_any {
        say(&[b"\n"]);
    }
}

struct Replay<'options> {
    harness: Harness,
    options: &'options Options,
    /// Where a walk through folders is.
    path: Path,
    failed: bool,
}

impl Replay<'_> {
    /// Runs what an argument names.
    fn argument(&mut self, name: &CStr) {
        if name == c"-" {
            self.run(Fd::STDIN, b"standard input", self.options.runs, usize::MAX);
            return;
        }
        match file::open(name, Open::Waiting) {
            Err(error) => self.fail(b"open ", name.to_bytes(), error),
            Ok(opened) if file::kind(opened.fd()) == Ok(Kind::Folder) => {
                self.path.len = 0;
                if self.path.push(name.to_bytes()) {
                    self.folder(opened.fd());
                }
            }
            Ok(opened) => {
                self.run(opened.fd(), name.to_bytes(), self.options.runs, usize::MAX);
            }
        }
    }

    /// Runs each file in the open folder at `self.path` and in its folders, by the order
    /// of their names.
    fn folder(&mut self, fd: Fd<'_>) {
        let mut names = match Names::of(fd) {
            Ok(names) => names,
            Err(error) => {
                self.failed = true;
                say_failure(b"read ", self.path.bytes(), error);
                return;
            }
        };
        let len = self.path.len;
        for (name, kind) in names.sorted() {
            self.path.len = len;
            // As libFuzzer: what is hidden is no part of a corpus if it is a folder. And
            // not through links, which may lead in circles.
            let may_enter = matches!(kind, EntryKind::Folder | EntryKind::Unknown)
                && !name.to_bytes().starts_with(b".");
            if kind == EntryKind::Folder && !may_enter {
                continue;
            }
            let is_short = self.path.push(b"/") && self.path.push(name.to_bytes());
            if !is_short {
                continue;
            }
            // Not waiting: a FIFO in a folder is no file.
            let opened = file::open(self.path.c_str(), Open::AtOnce)
                .and_then(|opened| file::kind(opened.fd()).map(|kind| (opened, kind)));
            match opened {
                Err(error) => {
                    self.failed = true;
                    say_failure(b"open ", self.path.bytes(), error);
                }
                Ok((opened, found)) => match found {
                    Kind::Folder if may_enter => self.folder(opened.fd()),
                    Kind::File(_) => {
                        let path = self.path.clone();
                        self.run(opened.fd(), path.bytes(), 1, self.options.max_len);
                    }
                    _ => {}
                },
            }
        }
        self.path.len = len;
    }

    /// Runs the harness on what a descriptor holds.
    fn run(&mut self, fd: Fd<'_>, name: &[u8], times: u64, limit: usize) {
        let input = match Input::read(fd, limit) {
            Ok(input) => input,
            Err(error) => {
                self.fail(b"read ", name, error);
                return;
            }
        };
        say(&[b"Running: ", name, b"\n"]);
        let began = process::milliseconds();
        for _ in 0..times {
            signal::alarm_after(self.options.timeout);
            // SAFETY: libFuzzer's contract: so many bytes, which stay until it returns.
            unsafe { (self.harness)(input.data(), input.size()) };
            signal::alarm_after(0);
        }
        let took = Decimal::of(process::milliseconds().saturating_sub(began));
        say(&[b"Executed ", name, b" in ", took.bytes(), b" ms\n"]);
        self.check_memory();
    }

    fn check_memory(&self) {
        if self.options.memory == 0 {
            return;
        }
        let used = peak_memory().unwrap_or(0) >> 10;
        if used <= self.options.memory {
            return;
        }
        say(&[
            b"ERROR: libFuzzer: out-of-memory (used: ",
            Decimal::of(used).bytes(),
            b"Mb; limit: ",
            Decimal::of(self.options.memory).bytes(),
            b"Mb; see -rss_limit_mb)\n",
        ]);
        process::exit_now(MEMORY_CODE)
    }

    fn fail(&mut self, what: &[u8], name: &[u8], error: Errno) {
        self.failed = true;
        say_failure(what, name, error);
    }
}

fn say_failure(what: &[u8], name: &[u8], error: Errno) {
    let reason: &[u8] = match error.0 {
        1 | 13 => b"no permission",
        2 => b"there is no such file",
        12 => b"no memory",
        20 => b"a part of the path is no folder",
        21 => b"it is a folder",
        40 => b"too many links",
        24 => b"too many open files",
        _ => b"",
    };
    say(&[b"cannot ", what, name, b": "]);
    if reason.is_empty() {
        say(&[
            b"error ",
            Decimal::of(error.0.unsigned_abs().into()).bytes(),
        ]);
    }
    say(&[reason, b"\n"]);
}

/// The most memory that this program ever had, in KiB. What `getrusage` says is that of
/// the process before it, too.
fn peak_memory() -> Option<u64> {
    const FIELD: &[u8] = b"VmHWM:";
    let status = file::open(c"/proc/self/status", Open::Waiting).ok()?;
    let mut text = [0; 4096];
    let length = pipe::receive_some(status.fd(), &mut text);
    let text = text.get(..length.ok()?)?;
    let mut lines = text.split(|byte| *byte == b'\n');
    let field = lines.find_map(|line| line.strip_prefix(FIELD))?;
    let digits = field.iter().filter(|byte| byte.is_ascii_digit());
    digits
        .map(|digit| u64::from(digit - b'0'))
        .reduce(|number, digit| number * 10 + digit)
}

/// Ends the program where a run takes longer than it may.
extern "C" fn too_slow(_signal: i32) -> ! {
    say(&[
        b"ERROR: libFuzzer: timeout after ",
        Decimal::of(TIMEOUT.load(Ordering::Relaxed).into()).bytes(),
        b" seconds\n",
    ]);
    process::exit_now(TIMEOUT_CODE)
}

/// A path that grows and shrinks.
#[derive(Clone)]
struct Path {
    bytes: [u8; LONGEST_PATH],
    len: usize,
}

impl Path {
    const fn new() -> Self {
        Self {
            bytes: [0; LONGEST_PATH],
            len: 0,
        }
    }

    /// Adds to it; false if that makes it longer than Linux can open.
    fn push(&mut self, part: &[u8]) -> bool {
        let end = self.len + part.len();
        match self.bytes.get_mut(self.len..=end) {
            Some([room @ .., zero]) => {
                room.copy_from_slice(part);
                *zero = 0;
                self.len = end;
                true
            }
            _ => false,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn c_str(&self) -> &CStr {
        let bytes = self.bytes.get(..=self.len).unwrap_or_default();
        CStr::from_bytes_with_nul(bytes).unwrap_or_default()
    }
}
