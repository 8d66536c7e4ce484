//! Signatures of a target: strings in its file that the compiler wrapper or the macros
//! left there.

use memchr::memmem;
use std::{fs::File, io, io::Read, path::Path};
use tine_protocol::signature;

/// Which signatures a file contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signatures {
    /// It looks up the coverage segment.
    pub instrumented: bool,
    /// It has a persistent loop.
    pub persistent: bool,
    /// It starts the fork server itself.
    pub deferred: bool,
}

impl Signatures {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let marks = [
            signature::INSTRUMENTED,
            signature::PERSISTENT,
            signature::DEFERRED,
        ];
        let found = marks_in(path, &marks)?;
        Ok(Self {
            instrumented: found[0],
            persistent: found[1],
            deferred: found[2],
        })
    }
}

/// Which of `marks`, none longer than 64 bytes, occur in the file at `path`. It is
/// read piece by piece.
pub(crate) fn marks_in(path: &Path, marks: &[&[u8]]) -> io::Result<Vec<bool>> {
    const PIECE: usize = 1 << 20;
    const OVERLAP: usize = 64;
    let finders: Vec<_> = marks.iter().map(memmem::Finder::new).collect();
    let mut found = vec![false; marks.len()];
    let mut file = File::open(path)?;
    let mut buffer = vec![0; OVERLAP + PIECE];
    let mut kept = 0;
    loop {
        let count = file.read(&mut buffer[kept..])?;
        if count == 0 {
            return Ok(found);
        }
        let filled = kept + count;
        for (finder, found) in finders.iter().zip(&mut found) {
            *found = *found || finder.find(&buffer[..filled]).is_some();
        }
        // A mark may lie across two pieces.
        kept = filled.min(OVERLAP);
        buffer.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Signatures;
    use std::io::Write;
    use tine_protocol::signature;

    #[test]
    fn signatures_are_found_wherever_they_lie() {
        for offset in [0, 1, (1 << 20) - 3, (1 << 20) + 40, (1 << 20) + 64, 3 << 20] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&vec![b'x'; offset]).unwrap();
            file.write_all(signature::DEFERRED).unwrap();
            file.write_all(signature::INSTRUMENTED).unwrap();
            let found = Signatures::of_file(file.path()).unwrap();
            let expected = Signatures {
                instrumented: true,
                persistent: false,
                deferred: true,
            };
            assert_eq!(found, expected, "{offset}");
        }
    }
}
