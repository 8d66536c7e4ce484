//! Delivery of an input to the target: by shared memory, standard input or a file.

mod folder;
mod named;
mod stdin;

use crate::{InputRoute, RunError, StartError};
pub use folder::InputFolder;
use named::NamedFile;
use std::{fs::File, io};
use stdin::Stdin;
use tine_ipc::shm::Segment;
use tine_protocol::layout::input::{
    DATA_OFFSET, LENGTH_OFFSET, MAX_INPUT, REJECTIONS_OFFSET, SEGMENT_SIZE,
};

/// Everything that an input may be written to.
#[derive(Debug)]
pub(crate) struct InputPort {
    segment: Segment,
    file: InputFile,
    /// The target agreed to read the segment.
    pub(crate) shared: bool,
}

impl InputPort {
    pub(crate) fn new(route: &InputRoute) -> Result<Self, StartError> {
        let segment = Segment::create(SEGMENT_SIZE).map_err(|source| StartError::Segment {
            size: SEGMENT_SIZE,
            source,
        })?;
        segment.keep_from_children();
        let file = InputFile::open(route).map_err(|source| StartError::Input {
            what: name(route),
            source,
        })?;
        Ok(Self {
            segment,
            file,
            shared: false,
        })
    }

    pub(crate) fn segment_id(&self) -> i32 {
        self.segment.id()
    }

    /// The number of inputs that the harness rejected since this was asked the last time.
    pub(crate) fn take_rejections(&self) -> u32 {
        let count = self.segment.load_u32(REJECTIONS_OFFSET);
        self.segment.store_u32(REJECTIONS_OFFSET, 0);
        count
    }

    /// The target's standard input; `None` for `/dev/null`.
    pub(crate) fn stdin(&self) -> io::Result<Option<File>> {
        self.file.stdin()
    }

    /// Puts the input where the next run finds it, whatever the run before did there.
    pub(crate) fn deliver(&mut self, input: &[u8]) -> Result<(), RunError> {
        if input.len() > MAX_INPUT {
            return Err(RunError::TooLong {
                len: input.len(),
                max: MAX_INPUT,
            });
        }
        if self.shared {
            self.segment.write(DATA_OFFSET, input);
            self.segment.store_u32(LENGTH_OFFSET, input.len() as u32);
            return Ok(());
        }
        self.file.deliver(input).map_err(|source| RunError::Input {
            what: self.file.name(),
            source,
        })
    }
}

/// The file that a target reads its input from: behind its standard input, or of a name
/// that its arguments have. For a run without a fork server, too.
#[derive(Debug)]
pub struct InputFile(Kind);

#[derive(Debug)]
enum Kind {
    Stdin(Stdin),
    Named(NamedFile),
}

impl InputFile {
    /// Makes the file.
    ///
    /// # Errors
    /// Those of the system; for [`InputRoute::File`] also when something else than a
    /// regular file of this user has the name.
    pub fn open(route: &InputRoute) -> io::Result<Self> {
        Ok(Self(match route {
            InputRoute::Stdin => Kind::Stdin(Stdin::create()?),
            InputRoute::File(path) => Kind::Named(NamedFile::open(path, false)?),
            InputRoute::OwnFile(path) => Kind::Named(NamedFile::open(path, true)?),
        }))
    }

    /// Makes `input` its content, whatever the target did to the file before.
    ///
    /// # Errors
    /// Those of the system.
    pub fn deliver(&mut self, input: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            Kind::Stdin(stdin) => stdin.deliver(input),
            Kind::Named(file) => file.deliver(input),
        }
    }

    /// The target's standard input; `None` for `/dev/null`.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn stdin(&self) -> io::Result<Option<File>> {
        match &self.0 {
            Kind::Stdin(stdin) => stdin.for_target().map(Some),
            Kind::Named(_) => Ok(None),
        }
    }

    /// Name in messages.
    fn name(&self) -> String {
        match &self.0 {
            Kind::Stdin(_) => name(&InputRoute::Stdin),
            Kind::Named(file) => format!("file {}", file.path().display()),
        }
    }
}

fn name(route: &InputRoute) -> String {
    match route {
        InputRoute::Stdin => "for standard input".into(),
        InputRoute::File(path) | InputRoute::OwnFile(path) => {
            format!("file {}", path.display())
        }
    }
}
