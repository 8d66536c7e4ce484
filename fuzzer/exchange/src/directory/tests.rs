//! Who is read, what of it, and what is remembered.

use super::{Directory, Exchange, MAIN, Received, Role};
use nix::fcntl::{Flock, FlockArg};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.instance("me");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn instance(&self, name: &str) {
        fs::create_dir_all(self.path(name).join("queue")).unwrap();
    }

    /// A testcase of an instance, older than what may be half-written.
    fn testcase(&self, instance: &str, name: &str, content: &str) -> PathBuf {
        let path = self.path(instance).join("queue").join(name);
        fs::write(&path, content).unwrap();
        age(&path);
        path
    }

    fn open(&self, role: Role, is_fresh: bool) -> Directory {
        Directory::open(&self.path("me"), role, &[], is_fresh).unwrap()
    }

    fn mark(&self, peer: &str) -> Option<u32> {
        let bytes = fs::read(self.path("me/.synced").join(peer)).ok()?;
        Some(u32::from_ne_bytes(bytes.try_into().unwrap()))
    }
}

fn age(path: &Path) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60))
        .unwrap();
}

/// A whole round: who said what, and the sentences.
fn round(directory: &mut Directory) -> (Vec<String>, Vec<String>) {
    let mut sentences = Vec::new();
    let mut found = Vec::new();
    let mut complain = |flaw: &crate::Flaw| sentences.push(flaw.to_string());
    while let Some(received) = directory.receive(&mut complain) {
        found.push(shown(&received));
    }
    directory.commit(&mut complain);
    (found, sentences)
}

fn shown(received: &Received) -> String {
    let Received {
        from,
        source,
        input,
        ..
    } = received;
    format!("{from} {source} {}", String::from_utf8_lossy(input))
}

#[test]
fn each_testcase_is_received_once_also_after_a_restart() {
    let place = Place::new();
    place.instance("a");
    place.testcase("a", "id:000000,orig:x", "one");
    place.testcase("a", "id:000001,src:000000", "two");
    place.testcase("a", ".unfinished", "no testcase");
    place.testcase("a", "README.txt", "no testcase");
    let mut directory = place.open(Role::Main, true);
    assert_eq!(round(&mut directory).0, ["a 000000 one", "a 000001 two"]);
    assert_eq!(place.mark("a"), Some(2));
    assert_eq!(round(&mut directory).0, [""; 0]);
    place.testcase("a", "id:000002,src:000000", "three");
    assert_eq!(round(&mut directory).0, ["a 000002 three"]);
    let mut resumed = place.open(Role::Main, false);
    assert_eq!(round(&mut resumed).0, [""; 0]);
    assert_eq!(place.mark("a"), Some(3));
    let mut fresh = place.open(Role::Main, true);
    assert_eq!(round(&mut fresh).0.len(), 3);
}

#[test]
fn contents_are_received_once_whatever_they_are_called() {
    let place = Place::new();
    place.instance("a");
    place.instance("b");
    place.testcase("a", "id:000000,orig:x", "one");
    place.testcase("b", "id:000000,sync:a,src:000000", "one");
    place.testcase("b", "id:000001,sync:me,src:000007", "ours");
    place.testcase("b", "id:000002,src:000001", "two");
    let mut directory = place.open(Role::Main, true);
    directory.publish(b"ours");
    assert_eq!(round(&mut directory).0, ["a 000000 one", "b 000002 two"]);
}

#[test]
fn what_was_not_handled_comes_again() {
    let place = Place::new();
    place.instance("a");
    for number in 0..4 {
        place.testcase("a", &format!("id:00000{number},x"), &number.to_string());
    }
    let mut directory = place.open(Role::Main, true);
    let mut ignore = |_: &crate::Flaw| ();
    // The second one is handed out, and not handled: the session ends.
    assert!(directory.receive(&mut ignore).is_some());
    assert!(directory.receive(&mut ignore).is_some());
    directory.commit(&mut ignore);
    assert_eq!(place.mark("a"), Some(1));
    let mut resumed = place.open(Role::Main, false);
    assert_eq!(
        round(&mut resumed).0,
        ["a 000001 1", "a 000002 2", "a 000003 3"]
    );
}

#[test]
fn an_instance_that_begins_anew_is_read_from_its_start() {
    for restarts in [false, true] {
        let place = Place::new();
        place.instance("a");
        place.testcase("a", "id:000000,orig:x", "one");
        place.testcase("a", "id:000001,src:000000,time:1", "two");
        let mut directory = place.open(Role::Main, true);
        assert_eq!(round(&mut directory).0.len(), 2);
        fs::remove_dir_all(place.path("a")).unwrap();
        assert_eq!(round(&mut directory).0, [""; 0], "gone for a moment");
        place.instance("a");
        place.testcase("a", "id:000000,orig:x", "one");
        place.testcase("a", "id:000001,src:000000,time:9", "other");
        place.testcase("a", "id:000002,src:000000,time:9", "new");
        if restarts {
            directory = place.open(Role::Main, false);
        }
        let found = round(&mut directory).0;
        assert_eq!(found.len(), 2 + usize::from(restarts), "{found:?}");
        assert!(found.ends_with(&["a 000001 other".into(), "a 000002 new".into()]));
        assert_eq!(place.mark("a"), Some(3));
    }
}

#[test]
fn a_mark_that_afl_fuzz_wrote_is_gone_on_with() {
    let place = Place::new();
    place.instance("a");
    for number in 0..3 {
        place.testcase("a", &format!("id:00000{number},x"), &number.to_string());
    }
    fs::create_dir(place.path("me/.synced")).unwrap();
    fs::write(place.path("me/.synced/a"), 2u32.to_ne_bytes()).unwrap();
    fs::write(place.path("me/.synced/a.last"), "").unwrap();
    let mut directory = place.open(Role::Main, false);
    assert_eq!(round(&mut directory).0, ["a 000002 2"]);
    assert_eq!(place.mark("a"), Some(3));
}

#[test]
fn half_written_files_come_when_they_are_whole_and_flawed_ones_are_told_once() {
    let place = Place::new();
    place.instance("a");
    place.testcase("a", "id:000000,x", "one");
    let half = place.testcase("a", "id:000001,x", "");
    fs::write(&half, "").unwrap();
    place.testcase("a", "id:000002,x", "");
    let huge = place.testcase("a", "id:000003,x", "");
    File::options()
        .write(true)
        .open(&huge)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    fs::create_dir(place.path("a/queue/id:000004,x")).unwrap();
    place.testcase("a", "id:000005,x", "six");
    let mut directory = place.open(Role::Main, true);
    let (found, sentences) = round(&mut directory);
    assert_eq!(found, ["a 000000 one", "a 000005 six"]);
    assert_eq!(sentences.len(), 3, "{sentences:?}");
    for (sentence, part) in sentences.iter().zip(["is empty", "longer", "is no file"]) {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert_eq!(place.mark("a"), Some(1), "of the one that is being written");
    fs::write(&half, "two").unwrap();
    assert_eq!(
        round(&mut directory),
        (vec!["a 000001 two".into()], Vec::new())
    );
    assert_eq!(place.mark("a"), Some(6));
}

#[test]
fn folders_with_names_that_no_instance_may_have_are_not_read() {
    let place = Place::new();
    for name in ["p".repeat(240).as_str(), "a.b", "a\x1b[2Jb", "a b", "fit"] {
        place.instance(name);
        place.testcase(name, "id:000000,x", name);
        place.testcase(name, "id:4294967295,x", "wraps");
        place.testcase(name, "id:+00007,x", "no number");
    }
    let mut directory = place.open(Role::Main, true);
    assert_eq!(
        round(&mut directory),
        (vec!["fit 000000 fit".into()], Vec::new())
    );
}

#[test]
fn a_secondary_reads_the_main_one_that_lives_or_else_all() {
    let place = Place::new();
    for name in ["a", "b"] {
        place.instance(name);
        place.testcase(name, "id:000000,x", name);
    }
    let alone = |role| round(&mut place.open(role, true)).0;
    assert_eq!(alone(Role::Secondary), ["a 000000 a", "b 000000 b"]);
    assert_eq!(alone(Role::Alone), [""; 0]);
    fs::write(place.path("b").join(MAIN), "").unwrap();
    let lock = || {
        let folder = File::open(place.path("b")).unwrap();
        Flock::lock(folder, FlockArg::LockExclusiveNonblock).unwrap()
    };
    let held = lock();
    assert_eq!(alone(Role::Secondary), ["b 000000 b"], "it has just begun");
    let statistics = |pid: u32| {
        let text = format!("start_time        : 1\nfuzzer_pid        : {pid}\n");
        fs::write(place.path("b/fuzzer_stats"), text).unwrap();
    };
    statistics(std::process::id());
    assert_eq!(alone(Role::Secondary), ["b 000000 b"]);
    assert_eq!(alone(Role::Alone), ["b 000000 b"]);
    // Its number does not say that it lives.
    drop(held);
    assert_eq!(alone(Role::Secondary).len(), 2, "it was killed");
    // Nor does another number say that it does not.
    statistics(u32::MAX);
    let _held = lock();
    assert_eq!(alone(Role::Secondary), ["b 000000 b"]);
}

#[test]
fn a_main_instance_is_marked_as_long_as_it_lives() {
    let place = Place::new();
    let mark = place.path("me").join(MAIN);
    let directory = place.open(Role::Main, true);
    assert!(mark.exists());
    drop(directory);
    assert!(!mark.exists());
    fs::write(&mark, "").unwrap();
    drop(place.open(Role::Secondary, false));
    assert!(!mark.exists(), "of one that was killed");
}

#[test]
fn files_of_a_foreign_folder_come_once() {
    let place = Place::new();
    let folder = place.path("libfuzzer");
    fs::create_dir_all(folder.join("deep")).unwrap();
    for (name, content) in [
        ("b", "two"),
        ("a-name-that-is-longer-than-twenty-bytes", "one"),
        ("deep/x", "not taken"),
        (".lock", "not taken"),
        ("README.txt", "not taken"),
    ] {
        fs::write(folder.join(name), content).unwrap();
        age(&folder.join(name));
    }
    let missing = place.path("missing");
    let folders = [folder.clone(), missing];
    let mut directory = Directory::open(&place.path("me"), Role::Main, &folders, true).unwrap();
    let (found, sentences) = round(&mut directory);
    let expected = ["libfuzzer_0 a-name-that-is-longe one", "libfuzzer_0 b two"];
    assert_eq!(found, expected);
    assert!(sentences.len() == 1 && sentences[0].contains("missing"));
    assert_eq!(round(&mut directory), (Vec::new(), Vec::new()));
    fs::write(folder.join("c"), "three").unwrap();
    assert_eq!(round(&mut directory).0, ["libfuzzer_0 c three"]);
}
