//! What somebody outside does to a fork server while a run waits for it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::data::Outside;
use tine_workbench::wait_until;

/// How long something may take that takes no time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `work` while that is done to the fork server `pid`, whose target runs in
/// `folder`.
pub fn during<T>(what: Option<Outside>, pid: i32, folder: &Path, work: impl FnOnce() -> T) -> T {
    let Some(what) = what else {
        return work();
    };
    let words = words_written(pid);
    thread::scope(|scope| {
        scope.spawn(|| act(what, pid, folder, words));
        work()
    })
}

fn act(what: Outside, pid: i32, folder: &Path, words: u64) {
    let send = |signal| kill(Pid::from_raw(pid), signal).expect("the fork server is there");
    if what == Outside::Lift {
        // The hello is behind it: what it writes now says that it cannot fork.
        let refused = wait_until(PATIENCE, || words_written(pid) >= words + 2);
        assert!(refused, "the fork server could fork all the same");
        // Only the process itself may lift its limits: the target does on this signal.
        send(Signal::SIGUSR1);
        return;
    }
    let runs = wait_until(PATIENCE, || folder.join("running").exists());
    assert!(runs, "the target does not run");
    match what {
        Outside::Kill => send(Signal::SIGKILL),
        Outside::Stop | Outside::Pause => {
            send(Signal::SIGSTOP);
            let stopped = wait_until(PATIENCE, || state(pid) == Some('T'));
            assert!(stopped, "the fork server does not stop");
        }
        Outside::Lift => {}
    }
    fs::write(folder.join("go"), "").expect("the target's folder");
    if what == Outside::Pause {
        // The child ends, and nobody hears of it.
        let ended = wait_until(PATIENCE, || child_has_ended(pid));
        assert!(ended, "the target does not end");
        send(Signal::SIGCONT);
    }
}

/// How many writes it has made.
fn words_written(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("syscw: "));
    line.and_then(|count| count.parse().ok())
        .unwrap_or_else(|| panic!("/proc/{pid}/io: {text:?}"))
}

fn fields(pid: i32) -> Option<(char, i32)> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = line.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn state(pid: i32) -> Option<char> {
    fields(pid).map(|(state, _)| state)
}

fn child_has_ended(server: i32) -> bool {
    fs::read_dir("/proc")
        .expect("/proc is mounted")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .any(|pid| fields(pid) == Some(('Z', server)))
}
