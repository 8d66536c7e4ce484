//! Whose folder it is, and what stays.

use super::{Beginning, FolderError, OutputFolder};
use std::{fs, path::PathBuf};

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("seeds")).unwrap();
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn open(&self) -> Result<(OutputFolder, Beginning), FolderError> {
        OutputFolder::open(
            &self.path("out"),
            "default",
            Some(&self.path("seeds")),
            false,
        )
    }

    fn resume(&self) -> Result<(OutputFolder, Beginning), FolderError> {
        OutputFolder::open(&self.path("out"), "default", None, false)
    }
}

#[test]
fn a_session_without_finds_is_replaced() {
    let place = Place::new();
    let (folder, beginning) = place.open().unwrap();
    folder.lay_out(beginning).unwrap();
    let seed = folder.queue().join("id:000000,time:0,execs:0,orig:a");
    fs::write(&seed, "a").unwrap();
    fs::write(folder.queue().join("notes"), "mine").unwrap();
    folder.write("fuzzer_stats", "fuzzer_pid : 1\n").unwrap();
    drop(folder);
    let (folder, beginning) = place.open().unwrap();
    assert_eq!(beginning, Beginning::Fresh);
    folder.lay_out(beginning).unwrap();
    assert!(!seed.exists() && !folder.path().join("fuzzer_stats").exists());
    assert!(
        folder.queue().join("notes").exists(),
        "only what tine wrote is removed"
    );
}

#[test]
fn results_are_never_replaced() {
    for (folder_name, name) in [
        (
            "queue",
            "id:000001,src:000000,time:1,execs:1,op:havoc,rep:1",
        ),
        (
            "crashes",
            "id:000000,sig:06,src:000000,time:1,execs:1,op:havoc,rep:1",
        ),
        (
            "hangs",
            "id:000000,src:000000,time:1,execs:1,op:havoc,rep:1",
        ),
    ] {
        let place = Place::new();
        let (folder, beginning) = place.open().unwrap();
        folder.lay_out(beginning).unwrap();
        let find = folder.path().join(folder_name).join(name);
        fs::write(&find, "a").unwrap();
        drop(folder);
        let error = place.open().unwrap_err();
        assert!(matches!(error, FolderError::HasResults { .. }), "{error}");
        assert!(error.to_string().contains("`-i -`"), "{error}");
        assert!(find.exists());
        assert_eq!(place.resume().is_ok(), folder_name == "queue");
    }
}

#[test]
fn a_folder_in_use_is_refused_with_its_owner() {
    let place = Place::new();
    let (folder, _) = place.open().unwrap();
    folder
        .write(
            "fuzzer_stats",
            "start_time        : 1\nfuzzer_pid        : 77\n",
        )
        .unwrap();
    let error = place.open().unwrap_err().to_string();
    assert!(error.contains("process 77"), "{error}");
    drop(folder);
    assert!(place.open().is_ok());
}

#[test]
fn a_session_that_does_not_begin_leaves_nothing() {
    let place = Place::new();
    let out = place.path("deep/er/out");
    let (folder, beginning) =
        OutputFolder::open(&out, "default", Some(&place.path("seeds")), false).unwrap();
    folder.lay_out(beginning).unwrap();
    folder.abandon();
    assert!(!place.path("deep").exists());
    assert!(matches!(
        place.resume(),
        Err(FolderError::NothingToResume(_))
    ));
    assert!(!place.path("out").exists());
}

#[test]
fn seeds_within_the_output_folder_are_safe() {
    let place = Place::new();
    let (folder, beginning) = place.open().unwrap();
    folder.lay_out(beginning).unwrap();
    let queue = folder.queue();
    fs::write(queue.join("id:000000,time:0,execs:0,orig:a"), "a").unwrap();
    drop(folder);
    let error = OutputFolder::open(&place.path("out"), "default", Some(&queue), false).unwrap_err();
    assert!(matches!(error, FolderError::HoldsSeeds { .. }), "{error}");
}

#[test]
fn a_file_is_not_an_output_folder() {
    let place = Place::new();
    fs::write(place.path("out"), "").unwrap();
    assert!(matches!(place.open(), Err(FolderError::NotAFolder(_))));
}
