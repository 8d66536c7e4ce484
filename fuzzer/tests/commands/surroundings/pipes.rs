//! Names that lead to a pipe which nobody writes to or reads from: no command waits for
//! somebody to come.

use std::{fs, path::PathBuf, time::Duration};

use nix::{sys::stat::Mode, unistd::mkfifo};

use tine_workbench::Workbench;

/// Makes pipes of the names in the folder of its session as long as it lives.
const TARGET: &str = r#"
#include <sys/stat.h>
#include <unistd.h>
static const char *const names[] = {
    "out/default/.unfinished", "out/default/queue/.unfinished", "out/default/crashes/.unfinished",
    "out/default/replay/.unfinished", "out/default/.cmplog_done", "out/default/is_main_node",
    "out/default/.synced", "out/default/.tine_state", "out/default/fuzzer_setup",
    "out/default/cmdline", "out/default/fuzz_bitmap", "out/default/lost"};
int main(int argc, char **argv) {
    char b[8] = {0};
    long n = read(0, b, sizeof b);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        unlink(names[i]);
        mkfifo(names[i], 0600);
    }
    if (n > 0 && b[0] > 'm') return 1;
    if (n > 1 && b[1] > 'b') return 2;
    return n > 2 && b[2] > b[1];
}
"#;

/// A target that does nothing of the kind.
const PLAIN: &str = r"
#include <unistd.h>
int main(void) { char b[8]; return read(0, b, 8) > 1 && b[0] == 'x'; }
";

/// No command needs nearly as long, and a wait on a pipe has no end.
const LIMIT: Duration = Duration::from_secs(60);

fn bench(source: &str) -> (Workbench, PathBuf) {
    let bench = Workbench::new();
    let program = bench.compile("target", &[], source);
    bench.seeds("in", ["a", "ab"]);
    (bench, program)
}

fn pipe(bench: &Workbench, name: &str) {
    let path = bench.path(name);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).unwrap();
    mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap_or_else(|e| panic!("{name}: {e}"));
}

#[test]
fn a_target_that_makes_pipes_of_a_sessions_names_does_not_stop_it() {
    let (bench, program) = bench(TARGET);
    let options = ["-t", "5000", "-E", "300"];
    let session = bench.fuzz("in", &options, &program).deadline(LIMIT);
    let done = session.run();
    assert!(!done.stderr().contains("bug in tine"), "{done}");
    let session = bench.fuzz("-", &options, &program).deadline(LIMIT);
    let done = session.run();
    assert!(!done.stderr().contains("bug in tine"), "{done}");
}

#[test]
fn pipes_in_the_folders_that_commands_read_are_passed_over() {
    // Names of pipes, and the command; `@T` is the target.
    let cases: [(&[&str], &[&str], i32); 14] = [
        (
            &["in/pipe"],
            &["fuzz", "-i", "in", "-o", "out", "-E", "30", "--", "@T"],
            0,
        ),
        (
            &["in/pipe"],
            &[
                "fuzz", "-n", "-i", "in", "-o", "out", "-E", "30", "--", "@T",
            ],
            0,
        ),
        (
            &["in/pipe"],
            &["showmap", "-i", "in", "-o", "maps", "--", "@T"],
            0,
        ),
        (
            &["in/pipe"],
            &["cmin", "-i", "in", "-o", "out", "--", "@T"],
            0,
        ),
        (
            &["in/pipe"],
            &["tmin", "-i", "in", "-o", "small", "--", "@T"],
            0,
        ),
        (
            &["crashes/pipe"],
            &[
                "cmin",
                "-i",
                "in",
                "-o",
                "out",
                "--crash-dir",
                "crashes",
                "--",
                "@T",
            ],
            0,
        ),
        (
            &[
                "out/other/queue/id:000000",
                "out/other/fuzzer_stats",
                "out/other/is_main_node",
                "out/other/plot_data",
            ],
            &[
                "fuzz", "-S", "own", "-i", "in", "-o", "out", "-E", "30", "--", "@T",
            ],
            0,
        ),
        (
            &["out/other/fuzzer_stats", "out/other/fuzzer_setup"],
            &["status", "out"],
            3,
        ),
        (
            &["foreign/id:000000"],
            &[
                "fuzz", "-M", "own", "-F", "foreign", "-i", "in", "-o", "out", "-E", "30", "--",
                "@T",
            ],
            0,
        ),
        (
            &["pipe"],
            &[
                "fuzz", "-f", "pipe", "-i", "in", "-o", "out", "-E", "30", "--", "@T", "@@",
            ],
            1,
        ),
        (
            &["pipe"],
            &["fuzz", "-i", "in", "-o", "out", "-E", "30", "--", "./pipe"],
            1,
        ),
        (&["pipe"], &["doctor", "--", "./pipe"], 1),
        (&["pipe"], &["trace", "-i", "in/seed-0", "--", "./pipe"], 1),
        (
            &["pipe"],
            &[
                "fuzz", "-c", "./pipe", "-i", "in", "-o", "out", "-E", "30", "--", "@T",
            ],
            1,
        ),
    ];
    let mut wrong = Vec::new();
    for (pipes, words, code) in cases {
        let (bench, program) = bench(PLAIN);
        for name in pipes {
            pipe(&bench, name);
        }
        let words = words.iter().map(|word| match *word {
            "@T" => program.as_os_str(),
            word => word.as_ref(),
        });
        match bench.tine().args(words).deadline(LIMIT).start().try_wait() {
            Some(done) if done.code() == Some(code) => {}
            Some(done) => wrong.push(format!("{pipes:?}: not {code}: {done}")),
            None => wrong.push(format!("{pipes:?}: it waits")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_session_goes_on_with_pipes_in_its_folder() {
    let names = [
        "fuzzer_stats",
        "plot_data",
        "cmdline",
        "fuzzer_setup",
        "fuzz_bitmap",
        ".cur_input",
        ".tine_state",
        ".cmplog_done",
        "is_main_node",
        ".synced",
        ".unfinished",
        "lost",
        "queue/pipe",
        "queue/id:000009",
        "queue/.unfinished",
        "crashes/id:000000",
    ];
    let mut wrong = Vec::new();
    for name in names {
        let bench = Workbench::new();
        let program = bench.compile("target", &["--cmplog"], PLAIN);
        bench.seeds("in", ["a", "ab"]);
        let options = ["-c", "0", "-E", "30"];
        bench.fuzz("in", &options, &program).run().assert_code(0);
        let path = bench.path("out/default").join(name);
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir_all(&path);
        pipe(&bench, &format!("out/default/{name}"));
        for seeds in ["-", "in"] {
            let session = bench.fuzz(seeds, &options, &program).deadline(LIMIT);
            match session.start().try_wait() {
                Some(done) if matches!(done.code(), Some(0 | 1)) => {}
                Some(done) => wrong.push(format!("{name}: {done}")),
                None => wrong.push(format!("{name}, -i {seeds}: it waits")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
