//! What lies in an output folder, and whether it is whole.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tine_workbench::{Stats, testcases};

/// The folders with testcases.
const FOLDERS: [&str; 3] = ["queue", "crashes", "hangs"];

/// The folder with the inputs that a crash takes, in a folder of its name.
const REPLAY: &str = "replay";

/// A file that is not finished yet.
const UNFINISHED: &str = ".unfinished";

/// The testcases of an output folder: folder and name, without the time that it
/// has, and content.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Results(BTreeMap<String, Vec<u8>>);

impl Results {
    /// Reads them.
    pub fn read(instance: &Path) -> Self {
        let mut all = BTreeMap::new();
        for folder in FOLDERS {
            for path in testcases(&instance.join(folder)) {
                let content = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                all.insert(format!("{folder}/{}", name(&path)), content);
            }
        }
        for folder in list(&instance.join(REPLAY)) {
            for path in list(&folder) {
                let content = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                let number = path.file_name().unwrap_or_default().display();
                all.insert(format!("{REPLAY}/{}/{number}", name(&folder)), content);
            }
        }
        Self(all)
    }

    /// How many crashes come with the inputs that they take.
    pub fn sequences(&self) -> usize {
        let first = |key: &&String| key.starts_with(REPLAY) && key.ends_with("/000000");
        self.0.keys().filter(first).count()
    }

    /// How many there are in the queue, and how many crashes.
    pub fn counts(&self) -> (u64, u64) {
        let count = |folder: &str| self.0.keys().filter(|key| key.starts_with(folder)).count();
        (count("queue/") as u64, count("crashes/") as u64)
    }

    /// What is not as in `reference`, of which these are the first part: nothing may
    /// be there that is not there, with another content, or out of its turn.
    pub fn differences(&self, reference: &Self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (key, content) in &self.0 {
            match reference.0.get(key) {
                None => wrong.push(format!("{key} is not what the session finds")),
                Some(whole) if whole != content => wrong.push(format!(
                    "{key} has {} bytes, not the {} that it should",
                    content.len(),
                    whole.len()
                )),
                Some(_) => {}
            }
        }
        // A folder is there whole or not at all.
        for key in reference.0.keys().filter(|key| key.starts_with(REPLAY)) {
            let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
            let begun = self.0.contains_key(&format!("{folder}/000000"));
            if begun && !self.0.contains_key(key) {
                wrong.push(format!("{key} is missing"));
            }
        }
        for folder in FOLDERS {
            let prefix = format!("{folder}/id:");
            let numbers = self.0.keys().filter_map(|key| key.strip_prefix(&prefix));
            for (expected, found) in numbers.enumerate() {
                if !found.starts_with(&format!("{expected:06},")) {
                    wrong.push(format!("{folder} lacks number {expected}"));
                    break;
                }
            }
        }
        wrong
    }

    /// What of `earlier` is gone or another than it was.
    pub fn changes_since(&self, earlier: &Self) -> Vec<String> {
        let kept = |(key, content): &(&String, &Vec<u8>)| self.0.get(*key) != Some(content);
        let lost = earlier.0.iter().filter(kept);
        lost.map(|(key, _)| format!("{key} is gone or changed"))
            .collect()
    }
}

/// The entries of a folder, but for hidden ones; none if it is not there.
fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default();
            !name.as_encoded_bytes().starts_with(b".")
        })
        .collect()
}

/// The name of a testcase without the field that a clock decides.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fields: Vec<&str> = name
        .split(',')
        .filter(|field| !field.starts_with("time:"))
        .collect();
    fields.join(",")
}

/// What is not whole among the other files of an output folder.
pub fn broken_files(instance: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |path: PathBuf| fs::read_to_string(path).ok();
    if let Some(stats) = text(instance.join("fuzzer_stats"))
        && !(stats.contains("\ncommand_line") && stats.ends_with('\n'))
    {
        wrong.push(format!("fuzzer_stats is not whole:\n{stats}"));
    }
    if let Some(plot) = text(instance.join("plot_data")) {
        let columns = |line: &str| line.split(',').count();
        let mut lines = plot.lines();
        let first = lines.next().map_or(0, columns);
        if first < 10 || !lines.all(|line| columns(line) == first) || !plot.ends_with('\n') {
            wrong.push(format!("plot_data is not whole:\n{plot}"));
        }
    }
    if let Some(readme) = text(instance.join("crashes/README.txt"))
        && !readme.ends_with(".\n")
    {
        wrong.push(format!("README.txt is not whole:\n{readme}"));
    }
    wrong
}

/// The unfinished files in an output folder; there may be one in each folder, and
/// no file may have any other name.
pub fn unfinished(instance: &Path) -> (u64, Vec<String>) {
    let mut count = 0;
    let mut wrong = Vec::new();
    let top = [
        "fuzzer_stats",
        "plot_data",
        "cmdline",
        "fuzzer_setup",
        ".cur_input",
        ".tine_state",
        "queue",
        "crashes",
        "hangs",
        REPLAY,
    ];
    for folder in FOLDERS.iter().copied().chain(["", REPLAY]) {
        let Ok(entries) = fs::read_dir(instance.join(folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_known = match folder {
                "" => top.contains(&name.as_str()),
                "crashes" => name.starts_with("id:") || name == "README.txt",
                _ => name.starts_with("id:"),
            };
            if name.starts_with(UNFINISHED) {
                count += 1;
            } else if !is_known {
                wrong.push(format!("{folder}/{name} has no business there"));
            }
        }
    }
    (count, wrong)
}

/// What the statistics say otherwise than the folders.
pub fn disagreements(instance: &Path) -> Vec<String> {
    let stats = Stats::read(instance);
    let mut wrong = Vec::new();
    for (key, folder) in [
        ("corpus_count", "queue"),
        ("saved_crashes", "crashes"),
        ("saved_hangs", "hangs"),
    ] {
        let files = testcases(&instance.join(folder)).len();
        if stats.number(key) != files as f64 {
            let said = stats.text(key);
            wrong.push(format!("{key} is {said}, but {folder} has {files} files"));
        }
    }
    wrong
}

#[test]
fn a_half_file_a_strange_one_and_a_missing_one_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let instance = folder.path();
    let queue = instance.join("queue");
    fs::create_dir(&queue).unwrap();
    for number in 0..3 {
        fs::write(
            queue.join(format!("id:{number:06},time:9,execs:1")),
            "whole",
        )
        .unwrap();
    }
    let reference = Results::read(instance);
    fs::remove_file(queue.join("id:000002,time:9,execs:1")).unwrap();
    let part = Results::read(instance);
    assert_eq!(part.differences(&reference), Vec::<String>::new());
    assert_eq!(part.changes_since(&reference).len(), 1);

    fs::write(queue.join("id:000001,time:10,execs:1"), "whol").unwrap();
    fs::remove_file(queue.join("id:000001,time:9,execs:1")).unwrap();
    let half = Results::read(instance).differences(&reference);
    assert!(
        half.len() == 1 && half[0].contains("has 4 bytes"),
        "{half:?}"
    );

    fs::remove_file(queue.join("id:000000,time:9,execs:1")).unwrap();
    let missing = Results::read(instance).differences(&reference);
    assert!(
        missing.iter().any(|it| it == "queue lacks number 0"),
        "{missing:?}"
    );

    fs::write(queue.join("id:000007,execs:1"), "whole").unwrap();
    let strange = Results::read(instance).differences(&reference);
    assert!(
        strange
            .iter()
            .any(|it| it.contains("not what the session finds")),
        "{strange:?}"
    );

    let sequence = instance.join("replay/id:000000,time:3,execs:1");
    fs::create_dir_all(&sequence).unwrap();
    fs::write(sequence.join("000000"), "one").unwrap();
    fs::write(sequence.join("000001"), "two").unwrap();
    let whole = Results::read(instance);
    assert_eq!(whole.sequences(), 1);
    fs::remove_file(sequence.join("000001")).unwrap();
    let part = Results::read(instance).differences(&whole);
    let missing = "replay/id:000000,execs:1/000001 is missing";
    assert!(part.iter().any(|it| it == missing), "{part:?}");

    fs::write(queue.join(UNFINISHED), "").unwrap();
    fs::write(queue.join("tmp-1"), "").unwrap();
    let (count, wrong) = unfinished(instance);
    assert_eq!((count, wrong.len()), (1, 1), "{wrong:?}");

    fs::write(instance.join("fuzzer_stats"), "start_time : 1\n").unwrap();
    fs::write(instance.join("plot_data"), "# a,b,c,d,e,f,g,h,i,j,k\n1,2").unwrap();
    assert_eq!(broken_files(instance).len(), 2);
}
