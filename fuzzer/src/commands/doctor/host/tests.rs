//! Every branch, on machines that are made up.

use super::{Host, Limit, Place, Space, examine};
use crate::commands::doctor::finding::{Id, Level};
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

/// How the machine differs, the finding, its level, and a part of what is said.
type Case = (fn(&mut Machine), Id, Level, &'static str);

const CASES: &[Case] = &[
    (|_| {}, Id::Kernel, Level::Ok, "Linux 6.8.0-41-generic"),
    (
        |it| it.file("/proc/sys/kernel/osrelease", "3.10.0-1160.el7\n"),
        Id::Kernel,
        Level::Fails,
        "memory files",
    ),
    (
        |it| drop(it.files.remove("/proc/sys/kernel/osrelease")),
        Id::Kernel,
        Level::Note,
        "cannot be read",
    ),
    (|_| {}, Id::CorePattern, Level::Ok, "none"),
    (
        |it| {
            it.file(
                "/proc/sys/kernel/core_pattern",
                "|/usr/share/apport/apport %p\n",
            )
        },
        Id::CorePattern,
        Level::Note,
        "piped to /usr/share/apport/apport",
    ),
    (
        |it| {
            it.file(
                "/proc/sys/kernel/core_pattern",
                "|/usr/lib/systemd/systemd-coredump %P\n",
            )
        },
        Id::CorePattern,
        Level::Note,
        "echo core >/proc/sys/kernel/core_pattern",
    ),
    (|_| {}, Id::Segments, Level::Ok, "0 of 4096 in use"),
    (
        |it| it.file("/proc/sys/kernel/shmmni", "2\n"),
        Id::Segments,
        Level::Fails,
        "sysctl -w kernel.shmmni=4096",
    ),
    (
        |it| {
            it.file("/proc/sys/kernel/shmmni", "5000\n");
            let row = "0 7 600 4096 1 1 1 0\n".repeat(4998);
            it.file("/proc/sysvipc/shm", &format!("{SEGMENTS}{row}"));
        },
        Id::Segments,
        Level::Fails,
        "kernel.shmmni=10000",
    ),
    (
        |it| drop(it.files.remove("/proc/sysvipc/shm")),
        Id::Segments,
        Level::Fails,
        "CONFIG_SYSVIPC",
    ),
    (|_| {}, Id::SegmentSize, Level::Ok, "large enough"),
    (
        |it| it.file("/proc/sys/kernel/shmmax", "4194304\n"),
        Id::SegmentSize,
        Level::Fails,
        "sysctl -w kernel.shmmax=1073741824",
    ),
    (
        |it| it.file("/proc/sys/kernel/shmall", "1024\n"),
        Id::SegmentSize,
        Level::Fails,
        "sysctl -w kernel.shmall=4194304",
    ),
    (
        |it| {
            it.file("/proc/sys/kernel/shmall", "2560\n");
            it.file(
                "/proc/sysvipc/shm",
                &format!("{SEGMENTS}0 7 600 4194304 1 1 1 0\n"),
            );
        },
        Id::SegmentSize,
        Level::Fails,
        "6144 KiB left",
    ),
    (
        // Attached; its creator lives; nobody and gone, twice.
        |it| {
            let rows = "0 1 600 9000000 50 50 1 0\n0 2 600 9000000 51 51 0 0\n\
                        0 3 600 9000000 52 52 0 0\n0 4 600 1000 52 52 0 0\n";
            it.file("/proc/sysvipc/shm", &format!("{SEGMENTS}{rows}"));
            it.process(51, "Name: x\n", "");
        },
        Id::StaleSegments,
        Level::Note,
        "ipcrm -m 3 -m 4",
    ),
    (
        |it| {
            it.process(
                77,
                "State:\tT (stopped)\nPPid:\t1\n",
                "A=b\0__AFL_SHM_ID=12\0",
            )
        },
        Id::Orphans,
        Level::Note,
        "1 process of a fuzzer that is gone. 1 of them stopped",
    ),
    (
        |it| {
            it.process(77, "State:\tS (sleeping)\nPPid:\t1\n", "__AFL_SHM_ID=12");
            it.process(78, "State:\tR (running)\nPPid:\t1\n", "__AFL_SHM_ID=12");
            it.process(79, "State:\tR (running)\nPPid:\t70\n", "__AFL_SHM_ID=12");
        },
        Id::Orphans,
        Level::Note,
        "kill -9 77 78",
    ),
    (
        |_| {},
        Id::Addresses,
        Level::Ok,
        "may switch randomisation off",
    ),
    (
        |it| {
            it.fixes_addresses = false;
            it.file("/proc/sys/kernel/randomize_va_space", "0\n");
        },
        Id::Addresses,
        Level::Ok,
        "is off",
    ),
    (
        |it| it.fixes_addresses = false,
        Id::Addresses,
        Level::Note,
        "seccomp=unconfined",
    ),
    (
        |it| {
            it.fixes_addresses = false;
            it.file("/proc/sys/vm/mmap_rnd_bits", "32\n");
        },
        Id::Addresses,
        Level::Note,
        "sysctl -w vm.mmap_rnd_bits=28",
    ),
    (|_| {}, Id::Governor, Level::Ok, "left to the hardware"),
    (
        |it| {
            it.file(
                "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "performance\n",
            )
        },
        Id::Governor,
        Level::Ok,
        "performance",
    ),
    (
        |it| {
            it.file(
                "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "powersave\n",
            );
            it.file(
                "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
                "powersave\n",
            );
            it.file(
                "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
                "powersave\n",
            );
        },
        Id::Governor,
        Level::Slower,
        "2 cores change",
    ),
    (
        |it| it.file("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
        Id::Boost,
        Level::Note,
        "echo 1 >/sys/devices/system/cpu/intel_pstate/no_turbo",
    ),
    (
        |it| it.file("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
        Id::Boost,
        Level::Ok,
        "off",
    ),
    (
        |it| it.file("/sys/devices/system/cpu/cpufreq/boost", "1\n"),
        Id::Boost,
        Level::Note,
        "echo 0 >/sys/devices/system/cpu/cpufreq/boost",
    ),
    (|_| {}, Id::Cores, Level::Ok, "2 cores, none is taken"),
    (
        |it| it.process(90, "VmSize: 9 kB\nCpus_allowed_list:\t1\n", ""),
        Id::Cores,
        Level::Ok,
        "1 taken",
    ),
    (
        |it| {
            it.cores = vec![1];
            it.process(90, "VmSize: 9 kB\nCpus_allowed_list:\t1\n", "");
        },
        Id::Cores,
        Level::Slower,
        "1 core, all taken",
    ),
    (|_| {}, Id::PageTracking, Level::Ok, "work"),
    (
        |it| it.tracks_pages = Err("userfaultfd(2) fails: not permitted".into()),
        Id::PageTracking,
        Level::Note,
        "userfaultfd(2) fails",
    ),
    (|_| {}, Id::Memory, Level::Ok, "3906 MiB available"),
    (
        |it| it.file("/proc/meminfo", "MemAvailable: 200000 kB\n"),
        Id::Memory,
        Level::Slower,
        "195 MiB",
    ),
    (
        |it| it.file("/proc/meminfo", "MemAvailable: 20000 kB\n"),
        Id::Memory,
        Level::Fails,
        "19 MiB",
    ),
    (
        |it| it.file("/proc/meminfo", ""),
        Id::Memory,
        Level::Note,
        "does not say",
    ),
    (
        |it| drop(it.files.remove("/proc/meminfo")),
        Id::Memory,
        Level::Note,
        "cannot be read",
    ),
    (|_| {}, Id::Processes, Level::Ok, "no limit that matters"),
    (
        |it| {
            it.limits.insert(Limit::Processes, 4);
            it.process(60, "Uid:\t1000\t1000\nThreads:\t3\n", "");
            it.process(61, "Uid:\t2000\t2000\nThreads:\t3\n", "");
        },
        Id::Processes,
        Level::Fails,
        "1 more may be started (ulimit -u)",
    ),
    (
        |it| {
            it.user = 0;
            it.limits.insert(Limit::Processes, 1);
        },
        Id::Processes,
        Level::Ok,
        "no limit",
    ),
    (
        |it| {
            it.file("/sys/fs/cgroup/user.slice/pids.max", "100\n");
            it.file("/sys/fs/cgroup/user.slice/pids.current", "98\n");
        },
        Id::Processes,
        Level::Fails,
        "--pids-limit",
    ),
    (
        |it| {
            it.file("/proc/self/cgroup", "4:memory:/x\n3:pids:/x\n0::/\n");
            it.file("/sys/fs/cgroup/pids/x/pids.max", "100\n");
            it.file("/sys/fs/cgroup/pids/x/pids.current", "10\n");
        },
        Id::Processes,
        Level::Ok,
        "90 more",
    ),
    (
        |it| {
            it.file("/sys/fs/cgroup/user.slice/pids.max", "max\n");
            it.file("/sys/fs/cgroup/user.slice/pids.current", "98\n");
        },
        Id::Processes,
        Level::Ok,
        "no limit",
    ),
    (|_| {}, Id::OpenFiles, Level::Ok, "198 and 199"),
    (
        |it| drop(it.limits.insert(Limit::OpenFiles, 128)),
        Id::OpenFiles,
        Level::Fails,
        "128 descriptors",
    ),
    (
        |it| drop(it.limits.insert(Limit::FileSize, 1000)),
        Id::FileSize,
        Level::Fails,
        "ulimit -f unlimited",
    ),
    (
        |it| drop(it.limits.insert(Limit::FileSize, 100 << 20)),
        Id::FileSize,
        Level::Note,
        "SIGXFSZ",
    ),
    (
        |_| {},
        Id::WorkSpace,
        Level::Ok,
        "50 GiB free in /somewhere",
    ),
    (
        |it| {
            drop(it.space.insert(
                Place::Work,
                Ok(Space {
                    bytes: 1 << 20,
                    files: None,
                }),
            ))
        },
        Id::WorkSpace,
        Level::Fails,
        "1024 KiB free",
    ),
    (
        |it| {
            drop(it.space.insert(
                Place::Temporary,
                Ok(Space {
                    bytes: 1 << 29,
                    files: None,
                }),
            ))
        },
        Id::TemporarySpace,
        Level::Note,
        "export TMPDIR=FOLDER",
    ),
    (
        |it| {
            drop(it.space.insert(
                Place::Temporary,
                Ok(Space {
                    bytes: 1 << 40,
                    files: Some(0),
                }),
            ))
        },
        Id::TemporarySpace,
        Level::Fails,
        "0 files free",
    ),
    (
        |it| drop(it.space.insert(Place::Temporary, Err(libc::ENOENT))),
        Id::TemporarySpace,
        Level::Fails,
        "No such file",
    ),
    (|_| {}, Id::Tracing, Level::Ok, "may trace"),
    (
        |it| it.file("/proc/sys/kernel/yama/ptrace_scope", "1\n"),
        Id::Tracing,
        Level::Ok,
        "may trace",
    ),
    (
        |it| it.file("/proc/sys/kernel/yama/ptrace_scope", "2\n"),
        Id::Tracing,
        Level::Note,
        "kernel.yama.ptrace_scope=1",
    ),
    (
        |it| it.file("/proc/sys/kernel/yama/ptrace_scope", "3\n"),
        Id::Tracing,
        Level::Note,
        "reboot",
    ),
    (
        |_| {},
        Id::Compiler,
        Level::Ok,
        "tine-cc runs /usr/bin/clang-19",
    ),
    (
        |it| it.compiler = Err("no C compiler on PATH".into()),
        Id::Compiler,
        Level::Fails,
        "apt-get install clang",
    ),
    (
        |it| it.variables.push("AFL_TMPDIR".into()),
        Id::Variables,
        Level::Note,
        "unset AFL_TMPDIR",
    ),
];

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
