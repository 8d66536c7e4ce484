//! How a machine can be, and what is to be said of it.

use super::{Id, Level, Limit, Machine, Place, SEGMENTS, Space};

/// How the machine differs, the finding, its level, and a part of what is said.
pub type Case = (fn(&mut Machine), Id, Level, &'static str);

/// All of them.
pub const CASES: &[Case] = &[
    (|_| {}, Id::Kernel, Level::Ok, "Linux 6.8.0-41-generic"),
    (
        |it| it.file("/proc/sys/kernel/osrelease", "3.10.0-1160.el7\n"),
        Id::Kernel,
        Level::Fails,
        "memory files",
    ),
    (
        |it| it.without("/proc/sys/kernel/osrelease"),
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
        |it| it.without("/proc/sysvipc/shm"),
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
        |it| it.without("/proc/meminfo"),
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
        |it| it.limit_to(Limit::OpenFiles, 128),
        Id::OpenFiles,
        Level::Fails,
        "128 descriptors",
    ),
    (
        |it| it.limit_to(Limit::FileSize, 1000),
        Id::FileSize,
        Level::Fails,
        "ulimit -f unlimited",
    ),
    (
        |it| it.limit_to(Limit::FileSize, 100 << 20),
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
            it.room(
                Place::Work,
                Ok(Space {
                    bytes: 1 << 20,
                    files: None,
                }),
            )
        },
        Id::WorkSpace,
        Level::Fails,
        "1024 KiB free",
    ),
    (
        |it| {
            it.room(
                Place::Temporary,
                Ok(Space {
                    bytes: 1 << 29,
                    files: None,
                }),
            )
        },
        Id::TemporarySpace,
        Level::Note,
        "export TMPDIR=FOLDER",
    ),
    (
        |it| {
            it.room(
                Place::Temporary,
                Ok(Space {
                    bytes: 1 << 40,
                    files: Some(0),
                }),
            )
        },
        Id::TemporarySpace,
        Level::Fails,
        "0 files free",
    ),
    (
        |it| it.room(Place::Temporary, Err(libc::ENOENT)),
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
        |it| it.variables.push("AFL_ALLOW_CORES".into()),
        Id::Variables,
        Level::Note,
        "unset AFL_ALLOW_CORES",
    ),
];
