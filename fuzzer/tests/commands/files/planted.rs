//! Links, names and pipes that somebody planted where tine writes: what they lead to
//! stays as it is.

use nix::unistd::{geteuid, mkfifo};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use tine_workbench::{Finished, Workbench};

const PRECIOUS: &str = "precious";

/// A target that reads its file, or its standard input.
const PROGRAM: &str = "#include <stdio.h>\n\
    int main(int argc, char **argv) {\n    \
    FILE *f = argc > 1 ? fopen(argv[1], \"r\") : stdin;\n    \
    return f && getc(f) == 'c' ? 1 : 0;\n}\n";

/// Puts something that leads to the first file in the place of the second.
type Plant = fn(&Path, &Path);

fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let compile = bench.tine_cc().args(["prog.c", "-o", "prog"]);
    compile.run().assert_code(0);
    bench.seeds("seeds", ["x"]);
    bench.write("in", "x");
    bench
}

/// Runs a command of tine's after `plant`, a line of shell, was run by a process of the
/// same number.
fn run_planted(bench: &Workbench, plant: &str, line: &[&str]) -> Finished {
    let shell = bench
        .program("sh")
        .args(["-c", &format!("{plant}; exec \"$@\""), "sh"]);
    shell
        .arg(env!("CARGO_BIN_EXE_tine"))
        .args(line)
        .env("AFL_TMPDIR", bench.path("shared"))
        .stdin("x")
        .run()
}

#[test]
fn names_that_can_be_guessed_lead_nowhere() {
    let bench = bench();
    let victim = bench.write("victim", PRECIOUS);
    fs::create_dir(bench.path("shared")).unwrap();
    let fuzz = [
        "fuzz", "-i", "seeds", "-o", "out", "-E", "50", "--", "./prog", "@@",
    ];
    for (plant, line) in [
        (
            "ln -s $PWD/victim shared/.tine-$$",
            &["showmap", "-o", "shared/map", "--", "./prog"][..],
        ),
        (
            "ln -s $PWD/victim shared/.unfinished",
            &["cmin", "-i", "seeds", "-o", "shared/kept", "--", "./prog"],
        ),
        ("ln -s $PWD/victim shared/.cur_input.$$", &fuzz),
        ("ln -s $PWD/victim shared/.cur_input.$$.x", &fuzz),
    ] {
        run_planted(&bench, plant, line).assert_code(0);
        assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS, "{plant}");
        for name in ["out", "shared/kept"] {
            let _ = fs::remove_dir_all(bench.path(name));
        }
    }
}

#[test]
fn a_session_writes_through_nothing_that_lies_in_its_folder() {
    let bench = bench();
    let fuzz = |input: &str| {
        let tine = bench
            .tine()
            .args(["fuzz", "-M", "main", "-i", input, "-o", "out"]);
        tine.args(["-E", "200", "--", "./prog", "@@"]).run()
    };
    let folder = bench.path("out/main");
    let plants: [(&str, Plant); 3] = [
        ("link", |victim, path| symlink(victim, path).unwrap()),
        ("name", |victim, path| fs::hard_link(victim, path).unwrap()),
        ("pipe", |_, path| {
            mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        }),
    ];
    for (what, plant) in plants {
        for input in ["seeds", "-"] {
            let _ = fs::remove_dir_all(bench.path("out"));
            fs::create_dir_all(folder.join("queue")).unwrap();
            if input == "-" {
                fuzz("seeds").assert_code(0);
            }
            let mut victims: Vec<PathBuf> = Vec::new();
            for name in [
                ".cur_input",
                ".unfinished",
                "queue/.unfinished",
                "is_main_node",
                "fuzzer_stats",
                "fuzzer_setup",
                "cmdline",
                ".tine_state",
                ".cmplog_done",
            ] {
                let victim = bench.write(format!("victim {}", victims.len()), PRECIOUS);
                let path = folder.join(name);
                let _ = fs::remove_file(&path);
                plant(&victim, &path);
                victims.push(victim);
            }
            fuzz(input).assert_code(0);
            for victim in victims {
                let content = fs::read_to_string(&victim).unwrap();
                assert_eq!(content, PRECIOUS, "{what} {input} {}", victim.display());
            }
        }
    }
}

#[test]
fn a_result_replaces_a_name_and_not_the_file_that_has_others() {
    let bench = bench();
    let victim = bench.write("victim", PRECIOUS);
    for (name, line) in [
        ("map", &["showmap", "-o", "map", "-i", "in"][..]),
        ("trace", &["trace", "-o", "trace", "-i", "in"]),
        (
            "trace",
            &["trace", "-o", "trace", "-i", "in", "--format", "html"],
        ),
        ("small", &["tmin", "-o", "small", "-i", "in"]),
    ] {
        let path = bench.path(name);
        let _ = fs::remove_file(&path);
        fs::hard_link(&victim, &path).unwrap();
        let done = bench.tine().args(line).args(["--", "./prog"]).run();
        done.assert_code(0);
        assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS, "{done}");
        assert_ne!(fs::read_to_string(&path).unwrap(), PRECIOUS, "{done}");
    }
}

/// Only the superuser can make links that are somebody else's; what links of one's own
/// do is shown without.
#[test]
fn a_link_of_another_user_is_refused() {
    let bench = bench();
    let victim = bench.write("victim", PRECIOUS);
    let link = bench.path("link");
    symlink(&victim, &link).unwrap();
    let is_root = geteuid().is_root();
    if is_root {
        std::os::unix::fs::lchown(&link, Some(65_534), Some(65_534)).unwrap();
    }
    for line in [
        &["showmap", "-o", "link", "-i", "in", "--", "./prog"][..],
        &["trace", "-o", "link", "-i", "in", "--", "./prog"],
        &["tmin", "-o", "link", "-i", "in", "--", "./prog"],
        &[
            "showmap", "-o", "map", "-f", "link", "-i", "in", "--", "./prog", "@@",
        ],
        &[
            "fuzz", "-i", "seeds", "-o", "out", "-E", "9", "-f", "link", "--", "./prog", "@@",
        ],
    ] {
        let _ = fs::remove_dir_all(bench.path("out"));
        let done = bench.tine().args(line).run();
        if is_root {
            done.assert_code(1).assert_stderr("a link of another user");
            assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS, "{done}");
        } else {
            done.assert_code(0);
            assert!(link.is_symlink(), "{done}");
        }
    }
}

#[test]
fn what_is_no_file_is_no_file_for_inputs() {
    let bench = bench();
    mkfifo(&bench.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::create_dir(bench.path("folder")).unwrap();
    for file in ["pipe", "folder", "/dev/null"] {
        for line in [
            &["showmap", "-o", "map", "-i", "in"][..],
            &["fuzz", "-i", "seeds", "-o", "out", "-V", "3"],
            &["tmin", "-o", "small", "-i", "in"],
        ] {
            let tine = bench.tine().args(line).args(["-f", file]);
            let done = tine.args(["--", "./prog", "@@"]).run();
            done.assert_code(1)
                .assert_stderr("choose another with -f FILE");
        }
    }
}

#[test]
fn standard_output_may_be_named_by_its_device() {
    let bench = bench();
    for (name, redirection) in [
        ("/dev/stdout", ""),
        ("/proc/self/fd/1", ""),
        ("/dev/fd/1", ""),
        ("/dev/stderr", "2>&1"),
        ("/dev/fd/3", "3>>written"),
        ("-", ""),
    ] {
        // What others write to it before and after stays.
        let script = format!("echo before; \"$@\" {redirection}; echo after");
        let shell = bench
            .program("sh")
            .args(["-c", &format!("{{ {script}; }} >> written")]);
        let line = ["showmap", "-q", "-i", "in", "-o", name, "--", "./prog"];
        let shell = shell.arg("sh").arg(env!("CARGO_BIN_EXE_tine"));
        let done = shell.args(line).run();
        done.assert_code(0);
        let written = fs::read_to_string(bench.path("written")).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert!(lines.len() > 2, "{name}: {done}");
        assert_eq!(
            (lines[0], lines[lines.len() - 1]),
            ("before", "after"),
            "{name}"
        );
        fs::remove_file(bench.path("written")).unwrap();
    }
    // As `-o >(command)` of a shell has it.
    let script = "\"$@\" 3>&1 > /dev/null | cat > written";
    let shell = bench.program("sh").args(["-c", script, "sh"]);
    let line = [
        "showmap",
        "-q",
        "-i",
        "in",
        "-o",
        "/dev/fd/3",
        "--",
        "./prog",
    ];
    let shell = shell.arg(env!("CARGO_BIN_EXE_tine")).args(line).run();
    let written = fs::read_to_string(bench.path("written")).unwrap();
    assert!(written.lines().count() > 0, "{shell}");
    assert!(Path::new("/dev/stdout").is_symlink());
}
