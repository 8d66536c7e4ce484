use super::*;
use std::os::unix::fs::symlink;

fn settings(root: &Path) -> Settings {
    Settings {
        cache: vec![root.to_owned()],
        cache_chosen: true,
        ..Settings::default()
    }
}

#[test]
fn the_files_are_written_whole_and_repaired() {
    let root = tempfile::tempdir().unwrap();
    let files = Files::install(&settings(root.path())).unwrap();
    assert_eq!(fs::read(files.runtime()).unwrap(), RUNTIME);
    assert_eq!(fs::read(files.driver()).unwrap(), DRIVER);
    assert_eq!(fs::read(files.main()).unwrap(), MAIN);
    assert_eq!(fs::read(files.no_harness()).unwrap(), NONE);
    assert_eq!(fs::read(files.shared()).unwrap(), SHARED);

    fs::write(files.runtime(), "half").unwrap();
    fs::remove_file(files.fragment()).unwrap();
    assert_eq!(Files::install(&settings(root.path())).unwrap(), files);
    assert_eq!(fs::read(files.runtime()).unwrap(), RUNTIME);
    assert_eq!(fs::read_to_string(files.fragment()).unwrap(), fragment());
    assert_eq!(
        fs::read_dir(&files.folder).unwrap().count(),
        contents().len()
    );
}

#[test]
fn many_processes_may_install_at_once() {
    let root = tempfile::tempdir().unwrap();
    let folders: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Files::install(&settings(root.path())).unwrap().folder))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for folder in &folders {
        assert_eq!(fs::read(folder.join("libtine_runtime.a")).unwrap(), RUNTIME);
        assert_eq!(fs::read_dir(folder).unwrap().count(), contents().len());
    }
}

#[test]
fn a_folder_that_others_can_write_is_refused() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = Files::install(&settings(root.path())).unwrap_err();
    assert!(
        matches!(error, InstrumentError::CacheNotOwn { .. }),
        "{error}"
    );

    // Nor does a link to such a folder help.
    let link = tempfile::tempdir().unwrap();
    let link = link.path().join("link");
    symlink(root.path(), &link).unwrap();
    let error = Files::install(&settings(&link)).unwrap_err();
    assert!(
        matches!(error, InstrumentError::CacheNotOwn { .. }),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Files::install(&settings(&file)).unwrap_err().to_string();
    assert!(
        error.contains("TINE_CACHE_DIR") && error.contains("/file/"),
        "{error}"
    );
}

#[test]
fn the_fragment_holds_the_runtimes_mark() {
    assert!(fragment().contains(&format!("QUAD({SECTION_MARK:#x})")));
}

#[test]
fn where_anybody_may_make_folders_a_link_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (folder, link) = (place.path().join("folder"), place.path().join("link"));
    make_real(&folder).unwrap();
    make_real(&folder).unwrap();
    symlink(&folder, &link).unwrap();
    let error = make_real(&link).unwrap_err();
    assert!(
        matches!(error, InstrumentError::CacheNotOwn { .. }),
        "{error}"
    );
}
