//! Several instances in one output folder: by hand (`-M`, `-S`, `-F`), together with
//! afl-fuzz, and as a campaign (`-j`).

mod afl;
mod by_hand;
mod campaign;
mod input;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tine_workbench::{Finished, Running, Workbench, testcases};

/// Two sides behind eight bytes each, which nobody finds by chance; each has a way of
/// its own for each value of the ninth byte. On the right one, a tenth byte crashes.
const SOURCE: &str = r#"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int sink;

#define ONE(n) case (n): sink ^= (n); break;
#define FOUR(n) ONE(n) ONE((n) + 1) ONE((n) + 2) ONE((n) + 3)
#define SIXTEEN(n) FOUR(n) FOUR((n) + 4) FOUR((n) + 8) FOUR((n) + 12)
#define MANY(n) SIXTEEN(n) SIXTEEN((n) + 16) SIXTEEN((n) + 32) SIXTEEN((n) + 48)

int main(void) {
    unsigned char b[64];
    if (read(0, b, sizeof b) < 10) return 0;
    if (!memcmp(b, "LEFTSIDE", 8)) {
        switch (b[8]) { MANY(0) MANY(64) MANY(128) MANY(192) }
    } else if (!memcmp(b, "RIGHTWAY", 8)) {
        switch (b[8]) { MANY(0) MANY(64) MANY(128) MANY(192) }
        if (b[9] == 'X') abort();
    }
    return 0;
}
"#;

const LEFT: &str = "LEFTSIDE  ";
const RIGHT: &str = "RIGHTWAY  ";

/// How long an exchange may take. Instances ask every five seconds at first.
const SOON: Duration = Duration::from_secs(60);

/// What was told to end does so within a second or two; a busy machine takes longer.
const AT_ONCE: Duration = Duration::from_secs(12);

/// The target, and seeds for each side in folders `left` and `right`.
fn build(bench: &Workbench) -> PathBuf {
    bench.seeds("left", [LEFT]);
    bench.seeds("right", [RIGHT]);
    let source = bench.write("target.c", SOURCE);
    let target = bench.path("target");
    let compiler = bench.tine_cc().arg("-o").arg(&target).arg(source);
    // Without the words of the target one instance does not find what another one has.
    let compiler = compiler.env("TINE_NO_DICTIONARY", "1");
    compiler.run().assert_code(0);
    target
}

/// `tine fuzz --no-ui` with these options, separated by spaces.
fn tine<'b>(bench: &'b Workbench, target: &Path, options: &str) -> tine_workbench::Runner<'b> {
    let line = format!("fuzz --no-ui -t 5000 {options} --");
    bench.tine().args(line.split_whitespace()).arg(target)
}

/// The names of the testcases that an instance has from others.
fn imports(instance: &Path) -> Vec<String> {
    let names = testcases(&instance.join("queue")).into_iter();
    let names = names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    names.filter(|name| name.contains(",sync:")).collect()
}

/// Whether an instance has something of the one that is named.
fn has_from(instance: &Path, other: &str) -> bool {
    let part = format!(",sync:{other},src:");
    imports(instance).iter().any(|name| name.contains(&part))
}

/// The next testcase of `peer` that an instance wants, as it noted itself.
fn mark(instance: &Path, peer: &str) -> u32 {
    let path = instance.join(".synced").join(peer);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    u32::from_ne_bytes(bytes.try_into().expect("four bytes"))
}

/// Tells a session to end as a user does, and waits for it.
#[track_caller]
fn end(session: Running<'_>) -> Finished {
    session.signal(nix::sys::signal::Signal::SIGINT);
    let began = std::time::Instant::now();
    let done = session.wait();
    assert!(began.elapsed() < AT_ONCE, "{:?}: {done}", began.elapsed());
    done
}
