use super::NamedFile;
use nix::sys::stat::Mode;
use std::{
    fs::{self, File, Permissions},
    os::unix::{
        fs::{FileExt, PermissionsExt, symlink},
        net::UnixListener,
    },
    path::Path,
};

/// Something that a target does to its file and its folder, with a name for messages.
type Deed = (&'static str, fn(&Path, &Path));

/// Nobody may write to it.
const PRECIOUS: &str = "precious";

const DEEDS: [Deed; 16] = [
    ("nothing", |_, _| {}),
    ("remove", |file, _| fs::remove_file(file).unwrap()),
    ("rename", |file, folder| {
        fs::rename(file, folder.join("taken")).unwrap();
    }),
    ("another name", |file, folder| {
        fs::hard_link(file, folder.join("taken")).unwrap();
    }),
    ("link to another file", |file, folder| {
        fs::remove_file(file).unwrap();
        symlink(folder.join("victim"), file).unwrap();
    }),
    ("another file's name", |file, folder| {
        fs::remove_file(file).unwrap();
        fs::hard_link(folder.join("victim"), file).unwrap();
    }),
    ("link to nothing", |file, folder| {
        fs::remove_file(file).unwrap();
        symlink(folder.join("nothing"), file).unwrap();
    }),
    ("folder", |file, _| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
    }),
    ("pipe", |file, _| {
        fs::remove_file(file).unwrap();
        nix::unistd::mkfifo(file, Mode::S_IRWXU).unwrap();
    }),
    ("socket", |file, _| {
        fs::remove_file(file).unwrap();
        drop(UnixListener::bind(file).unwrap());
    }),
    ("no permissions", |file, _| {
        fs::set_permissions(file, Permissions::from_mode(0o0)).unwrap();
    }),
    ("longer", |file, _| {
        let file = File::options().append(true).open(file).unwrap();
        file.write_at(&[b'x'; 9000], 0).unwrap();
    }),
    ("sparse", |file, _| {
        let file = File::options().write(true).open(file).unwrap();
        file.set_len(1 << 30).unwrap();
    }),
    ("shorter", |file, _| {
        File::options()
            .write(true)
            .truncate(true)
            .open(file)
            .unwrap();
    }),
    ("closed folder", |file, folder| {
        fs::remove_file(file).unwrap();
        fs::set_permissions(folder, Permissions::from_mode(0o500)).unwrap();
    }),
    ("new file", |file, _| {
        fs::remove_file(file).unwrap();
        fs::write(file, "another").unwrap();
    }),
];

/// The file has `content`, and is a regular file with one name.
fn check(path: &Path, content: &[u8], what: &str) {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(path).unwrap();
    assert!(found.is_file() && found.nlink() == 1, "{what}: {found:?}");
    assert_eq!(found.mode() & 0o777, 0o600, "{what}");
    assert_eq!(fs::read(path).unwrap(), content, "{what}");
}

#[test]
fn whatever_a_target_does_to_its_file_the_next_run_has_a_fresh_one() {
    for in_own_folder in [true, false] {
        for (what, deed) in DEEDS {
            if what == "closed folder" && !in_own_folder {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("input");
            let victim = folder.path().join("victim");
            fs::write(&victim, PRECIOUS).unwrap();
            let mut file = NamedFile::open(&path, in_own_folder).unwrap();
            for input in [
                &b"a first input"[..],
                b"short",
                b"",
                b"one that is longer again",
            ] {
                file.deliver(input).unwrap();
                check(&path, input, what);
                let _ = fs::remove_file(folder.path().join("taken"));
                deed(&path, folder.path());
                let taken = fs::read(folder.path().join("taken"));
                file.deliver(b"next").unwrap();
                check(&path, b"next", what);
                assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS, "{what}");
                assert!(!folder.path().join("nothing").exists(), "{what}");
                if let Ok(taken) = taken {
                    assert_eq!(taken, input, "{what}: what was taken stays");
                    assert_eq!(fs::read(folder.path().join("taken")).unwrap(), input);
                }
            }
        }
    }
}

#[test]
fn a_full_folder_goes_only_where_all_is_the_fuzzers_own() {
    for in_own_folder in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input");
        let mut file = NamedFile::open(&path, in_own_folder).unwrap();
        file.deliver(b"x").unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir_all(path.join("deep/down")).unwrap();
        fs::write(path.join("deep/file"), "x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o0)).unwrap();
        let delivered = file.deliver(b"next");
        if in_own_folder {
            delivered.unwrap();
            check(&path, b"next", "full folder");
        } else {
            delivered.unwrap_err();
            fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
            assert!(path.join("deep/file").exists());
        }
    }
}

#[test]
fn a_folder_of_ones_own_that_is_gone_is_made_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("own");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("input");
    let mut file = NamedFile::open(&path, true).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    file.deliver(b"next").unwrap();
    check(&path, b"next", "folder");
    assert_eq!(
        fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn at_the_beginning_only_a_file_of_ones_own_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    fs::write(&path, "of the user's").unwrap();
    let mut file = NamedFile::open(&path, false).unwrap();
    file.deliver(b"x").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"x");
    for (what, deed) in &DEEDS[3..10] {
        fs::write(folder.path().join("victim"), PRECIOUS).unwrap();
        fs::write(&path, "of the user's").unwrap();
        deed(&path, folder.path());
        assert!(NamedFile::open(&path, false).is_err(), "{what}");
        NamedFile::open(&path, true).unwrap().deliver(b"x").unwrap();
        check(&path, b"x", what);
        assert_eq!(
            fs::read_to_string(folder.path().join("victim")).unwrap(),
            PRECIOUS
        );
        let _ = fs::remove_file(folder.path().join("taken"));
    }
}
