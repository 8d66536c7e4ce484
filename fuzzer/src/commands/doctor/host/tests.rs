//! Every branch, on machines that are made up.

mod cases;

use super::{Host, Limit, Place, Space, examine};
use crate::commands::doctor::finding::{Id, Level};
use cases::CASES;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io,
    path::PathBuf,
};

const SEGMENTS: &str = "key shmid perms size cpid lpid nattch uid\n";

/// A machine on which all is well, to be changed.
struct Machine {
    files: HashMap<String, String>,
    limits: HashMap<Limit, u64>,
    user: u32,
    cores: Vec<usize>,
    fixes_addresses: bool,
    tracks_pages: Result<(), String>,
    space: HashMap<Place, Result<Space, i32>>,
    compiler: Result<PathBuf, String>,
    variables: Vec<String>,
}

impl Machine {
    fn new() -> Self {
        let files = [
            ("/proc/sys/kernel/osrelease", "6.8.0-41-generic\n"),
            ("/proc/sys/kernel/core_pattern", "core\n"),
            ("/proc/sys/kernel/randomize_va_space", "2\n"),
            ("/proc/sys/vm/mmap_rnd_bits", "28\n"),
            ("/proc/sys/kernel/shmmni", "4096\n"),
            ("/proc/sys/kernel/shmmax", "18446744073692774399\n"),
            ("/proc/sys/kernel/shmall", "18446744073692774399\n"),
            ("/proc/sysvipc/shm", SEGMENTS),
            (
                "/proc/meminfo",
                "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\nSwapTotal: 0 kB\n",
            ),
            ("/proc/self/cgroup", "0::/user.slice\n"),
        ];
        let room = Space {
            bytes: 50 << 30,
            files: Some(1_000_000),
        };
        Self {
            files: files.map(|(path, text)| (path.into(), text.into())).into(),
            limits: HashMap::new(),
            user: 1000,
            cores: vec![0, 1],
            fixes_addresses: true,
            tracks_pages: Ok(()),
            space: [(Place::Work, Ok(room)), (Place::Temporary, Ok(room))].into(),
            compiler: Ok("/usr/bin/clang-19".into()),
            variables: vec!["PATH".into(), "AFL_HARDEN".into()],
        }
    }

    fn file(&mut self, path: &str, text: &str) {
        self.files.insert(path.into(), text.into());
    }

    fn without(&mut self, path: &str) {
        self.files.remove(path);
    }

    fn limit_to(&mut self, limit: Limit, value: u64) {
        self.limits.insert(limit, value);
    }

    fn room(&mut self, place: Place, free: Result<Space, i32>) {
        self.space.insert(place, free);
    }

    fn process(&mut self, pid: u32, status: &str, environment: &str) {
        self.file(&format!("/proc/{pid}/status"), status);
        self.file(&format!("/proc/{pid}/environ"), environment);
    }
}

impl Host for Machine {
    fn read(&self, path: &str) -> io::Result<String> {
        let text = self.files.get(path);
        text.cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let below = self.files.keys().filter_map(|path| {
            let rest = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some(rest.split('/').next().unwrap_or(rest).to_owned())
        });
        let names: BTreeSet<_> = below.collect();
        names.into_iter().collect()
    }

    fn limit(&self, limit: Limit) -> (u64, u64) {
        let value = self.limits.get(&limit).copied().unwrap_or(u64::MAX);
        (value, value)
    }

    fn user(&self) -> u32 {
        self.user
    }

    fn allowed_cores(&self) -> Vec<usize> {
        self.cores.clone()
    }

    fn fixes_addresses(&self) -> bool {
        self.fixes_addresses
    }

    fn tracks_pages(&self) -> Result<(), String> {
        self.tracks_pages.clone()
    }

    fn space(&self, place: Place) -> (PathBuf, io::Result<Space>) {
        let free = self.space[&place].map_err(io::Error::from_raw_os_error);
        ("/somewhere".into(), free)
    }

    fn compiler(&self) -> Result<PathBuf, String> {
        self.compiler.clone()
    }

    fn tools(&self) -> Vec<String> {
        vec!["clang-19".into(), "ld".into()]
    }

    fn variables(&self) -> Vec<String> {
        self.variables.clone()
    }
}

#[test]
fn every_finding_is_made_where_it_belongs() {
    for (number, (change, id, level, text)) in CASES.iter().enumerate() {
        let mut machine = Machine::new();
        change(&mut machine);
        let findings = examine(&machine, false);
        let found: Vec<_> = findings
            .iter()
            .filter(|finding| finding.id == *id)
            .collect();
        let [finding] = found[..] else {
            panic!("case {number}: {id:?} is there {} times", found.len());
        };
        let said = format!(
            "{}. {}\n{}",
            finding.what,
            finding.why.as_deref().unwrap_or_default(),
            finding.remedy.as_deref().unwrap_or_default()
        );
        assert_eq!(finding.level, *level, "case {number}: {finding:?}");
        assert!(said.contains(text), "case {number}: {said}");
    }
}

#[test]
fn a_good_machine_has_nothing_but_good_findings() {
    for finding in examine(&Machine::new(), false) {
        assert_eq!(finding.level, Level::Ok, "{finding:?}");
    }
}

#[test]
fn whatever_is_slower_or_fails_has_a_remedy() {
    for (change, ..) in CASES {
        let mut machine = Machine::new();
        change(&mut machine);
        for finding in examine(&machine, false) {
            assert!(
                finding.level < Level::Slower || finding.remedy.is_some(),
                "{finding:?}"
            );
        }
    }
}

#[test]
fn every_id_of_the_host_has_a_case() {
    let tried: HashSet<_> = CASES.iter().map(|(_, id, ..)| *id).collect();
    for id in Id::ALL {
        let is_host = id.name().starts_with("host.");
        assert!(!is_host || tried.contains(id), "{id:?} is never made");
    }
}

#[test]
fn a_machine_without_a_compiler_is_fit_for_a_target_that_is_there() {
    let mut machine = Machine::new();
    machine.compiler = Err("no C compiler".into());
    let findings = examine(&machine, true);
    assert!(findings.iter().all(|finding| finding.level < Level::Slower));
}
