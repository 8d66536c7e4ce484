//! What the kernel does not end with its parent, and what hides from its own
//! environment: a killed fuzzer leaves none of it, nor does one that ends.

use std::fs::File;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;

use tine_workbench::{Running, Workbench, wait_until};

/// How long until all is gone: /proc is read for it, on a machine that is busy.
const GONE: Duration = Duration::from_secs(20);

/// The first letter of its input says what it does; it holds the lock of a file as long as
/// any process of it lives, and makes another file when all of them are there.
const LEAVES: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>
extern char **environ;
static void say(void) { close(open("there", O_CREAT | O_WRONLY, 0666)); }
static void live(void) { for (;;) sleep(1); }
static void wipe(void) {
    char *end = environ[0];
    for (char **it = environ; *it; it++) end = *it + strlen(*it);
    memset(environ[0], 0, end - environ[0]);
}
int main(void) {
    char what = 0;
    if (read(0, &what, 1) != 1) return 1;
    int lock = open("lock", O_RDWR);
    if (lock < 0 || flock(lock, LOCK_SH) != 0) return 2;
    switch (what) {
    case 'n': /* nothing beyond the end of its parent */
        break;
    case 'p': /* no signal when its parent dies */
        prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
        break;
    case 'u': /* another user: the kernel forgets the signal. An ordinary user can only ask */
        if (setgid(65534) != 0 || setuid(65534) != 0) prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
        break;
    case 's': /* the same in a session of its own */
        prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
        setsid();
        wipe();
        break;
    case 'd': /* a daemon without an environment; the run ends */
    case 'h': /* the same; the run hangs */
        if (fork() == 0) {
            setsid();
            if (fork() == 0) {
                wipe();
                say();
                live();
            }
            _exit(0);
        }
        if (what == 'd') {
            /* When the daemon is there. */
            while (access("there", F_OK) != 0) usleep(1000);
            return 0;
        }
        live();
        break;
    default:
        return 0;
    }
    say();
    live();
}
"#;

/// Whether no process holds the lock any more.
fn is_free(bench: &Workbench) -> bool {
    let file = File::options().write(true).open(bench.path("lock"));
    Flock::lock(file.unwrap(), FlockArg::LockExclusiveNonblock).is_ok()
}

fn wait_until_there(running: &Running<'_>, bench: &Workbench) {
    running.wait_for("what is left", |_| bench.path("there").exists());
    assert!(!is_free(bench), "it is there");
}

fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.compile("leaves", &[], LEAVES);
    bench
}

fn prepare(bench: &Workbench) {
    let _ = std::fs::remove_file(bench.path("there"));
    bench.write("lock", "");
    // For whoever the target becomes.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(bench.dir(), open).unwrap();
}

#[test]
fn a_fuzzer_that_is_killed_leaves_nothing_whatever_its_target_did() {
    let bench = bench();
    // Inputs, and whether they leave something behind without a fork server, too: a
    // daemon is nobody's then.
    for (what, plain) in [
        ("n", true),
        ("p", true),
        ("u", true),
        ("s", true),
        ("h", false),
        ("d", false),
    ] {
        for mode in ["server", "plain"] {
            if mode == "plain" && !plain {
                continue;
            }
            prepare(&bench);
            let _ = std::fs::remove_dir_all(bench.path("out"));
            let _ = std::fs::remove_dir_all(bench.path("in"));
            bench.seeds("in", [what]);
            let mut options = vec!["-t", "60000"];
            if mode == "plain" {
                options.push("-n");
            }
            let session = bench.fuzz("in", &options, &bench.path("leaves")).start();
            wait_until_there(&session, &bench);
            session.signal(Signal::SIGKILL);
            session.wait();
            assert!(
                wait_until(GONE, || is_free(&bench)),
                "{what} in mode {mode}"
            );
        }
    }
}

#[test]
fn a_daemon_without_an_environment_ends_with_the_fork_server() {
    let bench = bench();
    prepare(&bench);
    let showmap = bench
        .tine()
        .args(["showmap", "-o", "map", "--", "./leaves"]);
    showmap.stdin("d").run().assert_code(0);
    // It was killed before the command ended; the system may take a moment.
    assert!(wait_until(GONE, || is_free(&bench)));
}
