//! A campaign whose instances have too much to say.

use std::fs;

use tine_workbench::Workbench;

/// Writes much, and never the end of a line.
const NOISY: &str = r"
#include <string.h>
#include <unistd.h>
static char much[1 << 16];
int main(void) {
    char b[8];
    long n = read(0, b, sizeof b);
    memset(much, 'x', sizeof much);
    write(2, much, sizeof much);
    return n > 1 && b[0] == 'q';
}
";

/// A number in a file of a process in `/proc`.
fn number(pid: i32, file: &str, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

#[test]
fn a_line_without_an_end_does_not_fill_the_memory_of_a_campaign() {
    const READ: u64 = 256 << 20;
    let bench = Workbench::new();
    let program = bench.compile("noisy", &[], NOISY);
    bench.seeds("in", ["a"]);
    let campaign = bench.fuzz("in", &["-j", "1"], &program);
    let campaign = campaign.env("AFL_DEBUG_CHILD", "1").start();
    let pid = campaign.pid();
    campaign.wait_for("a first line", |_| number(pid, "io", "rchar:") > READ / 64);
    let before = number(pid, "status", "VmHWM:");
    campaign.wait_for("much that is read", |_| number(pid, "io", "rchar:") > READ);
    let kibibytes = number(pid, "status", "VmHWM:");
    assert!(
        before > 0 && kibibytes < before + (8 << 10),
        "{before} KiB, then {kibibytes} KiB after {} MiB of a line",
        READ >> 20
    );
    campaign.signal(nix::sys::signal::Signal::SIGTERM);
    campaign.wait().assert_code(0);
}

#[test]
fn many_sentences_of_one_kind_do_not_hide_an_error() {
    let bench = Workbench::new();
    let program = bench.path("plain");
    let source = bench.write("plain.c", "int main(void) { return 0; }\n");
    let compiler = bench.program("cc").arg("-o").arg(&program).arg(source);
    compiler.run().assert_code(0);
    bench.seeds("in", (0..1500).map(|_| ""));
    bench.write("in/usable", "a");
    let campaign = bench.fuzz("in", &["-n", "-j", "2", "-V", "300"], &program);
    let campaign = campaign.start();
    let stats = |name: &str| bench.path(format!("out/{name}/fuzzer_stats"));
    campaign.wait_for("two sessions", |_| {
        stats("main").exists() && stats("secondary-01").exists()
    });
    fs::remove_file(&program).unwrap();
    let done = campaign.wait();
    done.assert_code(1)
        .assert_stderr("was it changed or removed?")
        .assert_stderr("more sentences like this one are not told");
    let told = done.stderr().matches("is empty").count();
    assert_eq!(told, 100, "{done}");
}
