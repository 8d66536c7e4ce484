//! Counters to text, and text to where it belongs.

use super::{error::ShowmapError, inputs::Inputs};
use crate::{cli::ShowmapArgs, report::store::Replacement};
use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};
use tine_controller::CoverageMap;

/// What is shown of a hit count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Its class, 1 to 8.
    Class,
    /// The count itself.
    Raw,
    /// That there is one.
    Edge,
}

/// The edges of one run, or of many together.
#[derive(Debug)]
pub(super) struct Counts {
    style: Style,
    /// The maps of many runs become one.
    collected: bool,
    /// The runtime counts edges only; others mark counter 0 in every run.
    starts_clean: bool,
    /// What is shown of each edge; 0 if it was not taken.
    shown: Vec<u8>,
}

impl Counts {
    pub(super) fn new(args: &ShowmapArgs, starts_clean: bool) -> Self {
        let style = if args.edges_only {
            Style::Edge
        } else if args.raw {
            Style::Raw
        } else {
            Style::Class
        };
        Self {
            style,
            collected: args.collect,
            starts_clean,
            shown: Vec::new(),
        }
    }

    /// Takes the counters of a run: in place of what was there, or, to collect,
    /// on top of it.
    pub(super) fn take(&mut self, map: &CoverageMap) {
        if !self.collected {
            self.shown.fill(0);
        }
        self.shown.resize(map.len(), 0);
        let Self {
            style,
            collected,
            starts_clean,
            shown,
        } = self;
        map.take_nonzero(|word, counters| {
            for (offset, count) in counters.to_ne_bytes().into_iter().enumerate() {
                let edge = word * 8 + offset;
                let count = if edge == 0 && !*starts_clean {
                    count.saturating_sub(1)
                } else {
                    count
                };
                if let (Some(shown), 1..) = (shown.get_mut(edge), count) {
                    *shown = if *collected {
                        style.add(*shown, count)
                    } else {
                        style.show(count)
                    };
                }
            }
        });
    }

    /// How many edges were taken.
    pub(super) fn edges(&self) -> usize {
        self.shown.iter().filter(|shown| **shown > 0).count()
    }

    /// The map as afl-showmap writes it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (edge, shown) in self
            .shown
            .iter()
            .enumerate()
            .filter(|(_, shown)| **shown > 0)
        {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{edge:06}:{shown}");
        }
        text
    }
}

impl Style {
    const fn show(self, count: u8) -> u8 {
        match self {
            Self::Raw => count,
            Self::Edge => 1,
            Self::Class => match count {
                0..=3 => count,
                4..=7 => 4,
                8..=15 => 5,
                16..=31 => 6,
                32..=127 => 7,
                128..=255 => 8,
            },
        }
    }

    /// What is shown of an edge that other runs took too. The classes are
    /// collected as a set: class `n` is bit `n - 1`, as afl-showmap has it.
    const fn add(self, shown: u8, count: u8) -> u8 {
        match self {
            Self::Class => shown | 1 << (self.show(count) - 1),
            Self::Raw if shown > count => shown,
            Self::Raw | Self::Edge => self.show(count),
        }
    }
}

/// Where maps go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sink {
    /// Nowhere: it is not asked for.
    Nowhere,
    /// Standard output.
    Stdout,
    /// One file.
    File(PathBuf),
    /// A file for each input in this folder.
    Folder(PathBuf),
}

impl Sink {
    /// Finds out what `-o` names, and makes the folder.
    pub(super) fn choose(args: &ShowmapArgs, inputs: &Inputs) -> Result<Self, ShowmapError> {
        // Only a replay can do without.
        let Some(path) = args.output.clone() else {
            return Ok(Self::Nowhere);
        };
        let is_stdout = path.as_os_str() == "-";
        if let (Inputs::Many(files), false) = (inputs, args.collect) {
            if is_stdout || path.is_file() {
                return Err(ShowmapError::OutputIsFile(path));
            }
            fs::create_dir_all(&path).map_err(|source| ShowmapError::Output {
                path: path.clone(),
                source,
            })?;
            let holds_input = |file: &PathBuf| file.parent().is_some_and(|at| is_same(at, &path));
            if files.iter().any(holds_input) {
                return Err(ShowmapError::OutputIsInput(path));
            }
            return Ok(Self::Folder(path));
        }
        if is_stdout {
            return Ok(Self::Stdout);
        }
        if path.is_dir() {
            return Err(ShowmapError::OutputIsFolder(path));
        }
        match check_place(&path) {
            Ok(()) => Ok(Self::File(path)),
            Err(source) => Err(ShowmapError::Output { path, source }),
        }
    }

    /// Whether the maps of all inputs become one.
    pub(super) const fn is_collected(&self) -> bool {
        !matches!(self, Self::Folder(_))
    }

    /// Where it goes, for a sentence.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Nowhere => "not written (-o FILE)".into(),
            Self::Stdout => "written above".into(),
            Self::File(path) => format!("written to {}", path.display()),
            Self::Folder(path) => format!("maps in {}", path.display()),
        }
    }

    /// Writes one map; `name` is the input's, for a folder.
    pub(super) fn write(&self, name: Option<&OsStr>, text: &str) -> Result<(), ShowmapError> {
        let path = match (self, name) {
            (Self::Nowhere, _) => return Ok(()),
            (Self::Stdout, _) => return write_stdout(text),
            (Self::File(path), _) => path.clone(),
            (Self::Folder(folder), Some(name)) => folder.join(name),
            (Self::Folder(folder), None) => folder.clone(),
        };
        Replacement::write(&path, text.as_bytes())
            .map_err(|source| ShowmapError::Output { path, source })
    }
}

fn write_stdout(text: &str) -> Result<(), ShowmapError> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        // The reader, such as `head`, has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|source| ShowmapError::Output {
            path: "standard output".into(),
            source,
        }),
    }
}

/// Whether there is a place for a file: asked before the target runs.
fn check_place(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if fs::metadata(folder)?.is_dir() {
        Ok(())
    } else {
        Err(ErrorKind::NotADirectory.into())
    }
}

/// Whether the two paths lead to the same place.
pub(in crate::commands) fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::Style;

    #[test]
    fn counts_fall_into_afl_showmaps_classes() {
        let classes = [
            (1, 1),
            (2, 2),
            (3, 3),
            (4, 4),
            (7, 4),
            (8, 5),
            (15, 5),
            (16, 6),
            (31, 6),
            (32, 7),
            (127, 7),
            (128, 8),
            (255, 8),
        ];
        for (count, class) in classes {
            assert_eq!(Style::Class.show(count), class, "{count}");
            assert_eq!(Style::Raw.show(count), count);
            assert_eq!(Style::Edge.show(count), 1);
        }
    }

    #[test]
    fn collected_classes_are_a_set() {
        assert_eq!(Style::Class.add(0, 1), 1);
        assert_eq!(Style::Class.add(1, 200), 0b1000_0001);
        assert_eq!(Style::Class.add(0b100, 3), 0b100);
        assert_eq!((Style::Raw.add(9, 4), Style::Raw.add(4, 9)), (9, 9));
        assert_eq!(Style::Edge.add(0, 77), 1);
    }
}
