//! Reading a file that somebody else may be writing.

use super::Flaw;
use std::{
    fs::OpenOptions,
    io::{self, ErrorKind, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, SystemTime},
};
use tine_output::MAX_INPUT;

/// Whoever writes a file in pieces leaves a multiple of this behind each of them.
const PIECE: usize = 4096;

/// A file that was not written to for so long is taken for whole.
const AT_REST: Duration = Duration::from_secs(2);

/// What there is of a file.
#[derive(Debug)]
pub(super) enum Content {
    /// All.
    Whole(Vec<u8>),
    /// It is being written, or replaced: look again another time.
    Unfinished,
}

/// Reads a file. What may be a part only, by its length and age, is not taken.
pub(super) fn read(path: &Path) -> Result<Content, Flaw> {
    let unreadable = |source: io::Error| Flaw::Unreadable {
        path: path.into(),
        source,
    };
    // A pipe must not make it wait.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        // afl-fuzz replaces testcases that it has shortened.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Unfinished),
        other => other.map_err(unreadable)?,
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Flaw::NotAFile(path.into()));
    }
    if metadata.len() > MAX_INPUT as u64 {
        return Err(Flaw::TooLong(path.into()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(MAX_INPUT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 != metadata.len() {
        return Ok(Content::Unfinished);
    }
    if bytes.len().is_multiple_of(PIECE) && metadata.modified().is_ok_and(is_young) {
        return Ok(Content::Unfinished);
    }
    if bytes.is_empty() {
        return Err(Flaw::Empty(path.into()));
    }
    Ok(Content::Whole(bytes))
}

/// Whether something changed a moment ago, so that it may go on changing. A time in the
/// future, by another machine's clock, says nothing.
pub(super) fn is_young(changed: SystemTime) -> bool {
    SystemTime::now()
        .duration_since(changed)
        .is_ok_and(|age| age < AT_REST)
}

#[cfg(test)]
mod tests {
    use super::{AT_REST, Content, Flaw, MAX_INPUT, read};
    use std::{
        fs::{self, File},
        os::unix::fs::PermissionsExt,
        path::Path,
        time::SystemTime,
    };

    fn age(path: &Path) {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - 2 * AT_REST).unwrap();
    }

    #[test]
    fn what_may_be_half_written_is_left_for_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(matches!(read(&path), Ok(Content::Unfinished)), "gone");
        for (length, is_suspect) in [(0, true), (4096, true), (3 * 4096, true), (1, false)] {
            fs::write(&path, vec![b'x'; length]).unwrap();
            let content = read(&path).unwrap();
            let is_unfinished = matches!(content, Content::Unfinished);
            assert_eq!(
                is_unfinished, is_suspect,
                "{length} bytes, written just now"
            );
            age(&path);
            match read(&path) {
                Ok(Content::Whole(bytes)) => assert_eq!(bytes.len(), length),
                Err(Flaw::Empty(_)) => assert_eq!(length, 0),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_testcase_is_told_and_nothing_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        File::create(path("huge"))
            .unwrap()
            .set_len(MAX_INPUT as u64 + 1)
            .unwrap();
        fs::create_dir(path("folder")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink(path("loop"), path("loop")).unwrap();
        assert!(matches!(read(&path("huge")), Err(Flaw::TooLong(_))));
        assert!(matches!(read(&path("folder")), Err(Flaw::NotAFile(_))));
        assert!(matches!(read(&path("pipe")), Err(Flaw::NotAFile(_))));
        assert!(matches!(read(&path("loop")), Err(Flaw::Unreadable { .. })));
        if !nix::unistd::geteuid().is_root() {
            fs::write(path("closed"), "x").unwrap();
            fs::set_permissions(path("closed"), fs::Permissions::from_mode(0o0)).unwrap();
            assert!(matches!(
                read(&path("closed")),
                Err(Flaw::Unreadable { .. })
            ));
        }
    }
}
