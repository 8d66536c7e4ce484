//! The examples of tine-ipc, one a mechanism: each runs, says what it is there to
//! say, and leaves nothing behind. What they print in full stands in docs/mechanisms,
//! where `cargo xtask docs --check` compares it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::mqueue::{MQ_OFlag, mq_open};
use nix::sys::stat::Mode;
use tine_workbench::Workbench;

/// Each example and a line of its output that only the mechanism itself can bring
/// about.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "pipe",
        "half a word is there, then the writer is killed by SIGKILL",
    ),
    (
        "fifo",
        "after everybody is gone: the name is there, with 0 bytes in it",
    ),
    ("signal", "  taken: SIGRTMIN, value 30, from the child"),
    ("queue_sysv", "the queue outlives its sender: \"third\""),
    ("queue_posix", "  priority 9: \"urgent\""),
    ("shm_sysv", "the last process detaches: the segment is gone"),
    ("shm_posix", "its name in /dev/shm is left: true"),
    ("shm_mmap", "the file says \"written to memory\""),
    ("semaphore_sysv", "  the parent gets the lock: true"),
    ("semaphore_posix", "the parent gets the lock: false"),
    ("futex", "request 3, answer 103"),
    (
        "socket_unix",
        "the parent reads \"from a file without a name\"",
    ),
    (
        "socket_tcp",
        "it had not read everything: Connection reset by peer (os error 104)",
    ),
    ("socket_udp", "all of them arrived: false"),
];

#[test]
fn every_example_shows_its_mechanism_and_leaves_nothing_behind() {
    for (name, line) in EXAMPLES {
        let bench = Workbench::new();
        let running = bench.program(folder().join(name)).start();
        let pid = running.pid();
        let done = running.wait();
        done.assert_code(0);
        let shown = done.stdout();
        assert!(
            shown.lines().any(|it| it == *line),
            "{name} does not say `{line}`:\n{shown}"
        );
        assert_eq!(left_behind(pid), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_example_is_tested() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../forkserver/ipc/examples");
    for entry in fs::read_dir(sources).expect("the examples") {
        let path = entry.expect("an entry").path();
        // A folder is a program of several files: the benchmark of channels.
        if path.is_file() {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            assert!(
                EXAMPLES.iter().any(|it| it.0 == name),
                "{name} is not in the list"
            );
        }
    }
}

#[test]
fn what_an_example_would_leave_is_seen() {
    let bench = Workbench::new();
    let done = bench
        .program("sh")
        .args(["-c", "ipcmk -Q; ipcmk -S 1"])
        .run();
    done.assert_code(0);
    let shown = done.stdout();
    let ids: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    let [queue, set] = ids[..] else {
        panic!("ipcmk says: {shown}");
    };
    // ipcmk gives a key of its own; the examples give their pid.
    let found = |table: &str, id: &str| key_of(table, id).map(left_behind);
    let (queues, sets) = (found("msg", queue), found("sem", set));
    bench
        .program("ipcrm")
        .args(["-q", queue, "-s", set])
        .run()
        .assert_code(0);
    assert_eq!(queues, Some(vec![format!("System V msg {queue}")]));
    assert_eq!(sets, Some(vec![format!("System V sem {set}")]));
}

/// Where the examples are, built.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // `cargo test -p tine` builds what the tests of this package need, which
        // another package's examples are not.
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "tine-ipc", "--examples"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let done = cargo.output().expect("cargo");
        let message = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            done.status.success(),
            "the examples do not compile:\n{message}"
        );
        // This very test is in the folder `deps` beside theirs.
        let own = std::env::current_exe().expect("the path of this test");
        let deps = own.parent().expect("a folder");
        deps.with_file_name("examples")
    })
}

/// Objects of the kernel that carry the pid of an example as their key or in their
/// name. Everything else is seen by the workbench.
fn left_behind(pid: i32) -> Vec<String> {
    let mut left = Vec::new();
    for table in ["shm", "msg", "sem"] {
        for row in rows(table).iter().filter(|row| row[0] == pid) {
            left.push(format!("System V {table} {}", row[1]));
        }
    }
    let queue = format!("/tine-example-{pid}");
    if mq_open(queue.as_str(), MQ_OFlag::O_RDONLY, Mode::empty(), None).is_ok() {
        left.push(format!("POSIX message queue {queue}"));
    }
    left
}

fn key_of(table: &str, id: &str) -> Option<i32> {
    let id: i32 = id.parse().ok()?;
    rows(table)
        .iter()
        .find(|row| row[1] == id)
        .map(|row| row[0])
}

/// Key and id of each object in a table of the kernel.
fn rows(table: &str) -> Vec<[i32; 2]> {
    let path = format!("/proc/sysvipc/{table}");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let number = |word: Option<&str>| word.and_then(|word| word.parse().ok());
    text.lines()
        .skip(1)
        .map(|line| {
            let mut words = line.split_whitespace();
            [number(words.next()), number(words.next())].map(|it| it.expect("a number"))
        })
        .collect()
}
