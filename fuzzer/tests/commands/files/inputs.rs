//! Each run has a fresh regular file with the right content, whatever the run before
//! did to it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::{ForkServer, InputRoute, Launch, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench, in_process};

/// What targets do to their standard input; the letters of `stdin.c`.
const STDIN: &str = " tTawOmfAlLp";

/// What targets do to their input file; the letters of `named.c`.
const NAMED: &str = "nuhsHdDfScra";

/// Inputs of many lengths, each marked at its end, the first byte for the exit code.
fn inputs() -> impl Iterator<Item = Vec<u8>> {
    let lengths = [4, 3, 300, 2, 9000, 9000, 5, 7];
    lengths.into_iter().enumerate().map(|(number, length)| {
        let mut input = vec![b'.'; length];
        input[0] = b'A' + number as u8;
        input[length - 1] = b'$';
        input
    })
}

fn compile(bench: &Workbench, source: &str, options: &[&str], output: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/commands/files")
        .join(source);
    let cc = bench.tine_cc().env("TINE_CC", Compiler::clang().cc);
    let cc = cc.args(options).args(["-w", "-O1", "-o", output]);
    cc.arg(source).run().assert_code(0);
    bench.path(output)
}

fn config(bench: &Workbench, program: &Path) -> TargetConfig {
    let mut config = TargetConfig::new(program);
    config.timeout = Duration::from_secs(20);
    config.current_dir = Some(bench.dir());
    config.env.push(bench.marker_variable());
    config
}

#[test]
fn standard_input_is_a_fresh_file_in_each_run() {
    let bench = in_process();
    let plain = compile(&bench, "stdin.c", &[], "plain");
    let persistent = compile(&bench, "stdin.c", &["-DPERSISTENT"], "persistent");
    for deed in STDIN.chars() {
        for (program, launch) in [
            (&plain, Launch::ForkServer),
            (&plain, Launch::Exec),
            (&persistent, Launch::ForkServer),
        ] {
            let mut config = config(&bench, program);
            config.launch = launch;
            config.args.push(deed.to_string().into());
            let mut server = ForkServer::start(config).expect("it starts");
            for input in inputs() {
                let outcome = server.run(&input).expect("it runs");
                let expected = if *program == persistent {
                    Outcome::LoopDone
                } else {
                    Outcome::Exited(input[0].into())
                };
                assert_eq!(outcome, expected, "{deed:?} {launch:?} {}", input.len());
            }
        }
    }
}

#[test]
fn the_input_file_is_a_fresh_one_in_each_run_and_nothing_is_written_through_it() {
    let bench = in_process();
    let program = compile(&bench, "named.c", &[], "named");
    let victim = bench.write("victim", "precious");
    for deed in NAMED.chars() {
        for (launch, is_own) in [
            (Launch::ForkServer, true),
            (Launch::ForkServer, false),
            (Launch::Exec, true),
        ] {
            if deed == 'D' && !is_own {
                // A folder that holds something may be the user's.
                continue;
            }
            fs::create_dir_all(bench.path("own")).unwrap();
            let file = bench.path("own/input");
            let mut config = config(&bench, &program);
            config.launch = launch;
            config.args = vec![file.clone().into(), deed.to_string().into()];
            config.args.push(victim.clone().into());
            config.input = if is_own {
                InputRoute::OwnFile(file.clone())
            } else {
                InputRoute::File(file.clone())
            };
            let mut server = ForkServer::start(config).expect("it starts");
            for input in inputs().filter(|input| input.len() < 256) {
                let outcome = server.run(&input).expect("it runs");
                assert_eq!(
                    outcome,
                    Outcome::Exited(input[0].into()),
                    "{deed} {launch:?}"
                );
                if deed == 'h' {
                    assert_eq!(fs::read(bench.path("taken")).unwrap(), input);
                }
            }
            assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{deed}");
            drop(server);
            if deed == 'D' {
                let _ = fs::set_permissions(&file, fs::Permissions::from_mode(0o700));
            }
            fs::remove_dir_all(bench.path("own")).unwrap();
        }
    }
}

#[test]
fn a_full_folder_in_the_place_of_a_file_of_the_users_is_told_of_and_stays() {
    let bench = in_process();
    let program = compile(&bench, "named.c", &[], "named");
    let mut config = config(&bench, &program);
    config.args = ["input", "D", "victim"].map(Into::into).to_vec();
    config.input = InputRoute::File(bench.path("input"));
    let mut server = ForkServer::start(config).expect("it starts");
    assert_eq!(server.run(b"A$").expect("it runs"), Outcome::Exited(65));
    let error = server
        .run(b"B$")
        .expect_err("a folder is there")
        .to_string();
    assert!(error.contains("input: "), "{error}");
    let folder = bench.path("input");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(folder.join("file").exists());
}

#[test]
fn a_killed_command_leaves_nothing_where_its_target_read_from() {
    let bench = Workbench::new();
    bench.write(
        "sleeps.c",
        "#include <unistd.h>\nint main(void) { sleep(1000); }\n",
    );
    let cc = bench.tine_cc().args(["sleeps.c", "-o", "sleeps"]);
    cc.run().assert_code(0);
    for argument in [None, Some("@@")] {
        let tine = bench.tine().args(["showmap", "-t", "900000", "-o", "map"]);
        let running = tine
            .args(["--", "./sleeps"])
            .args(argument)
            .stdin("x")
            .start();
        running.wait_for("the target's run", |_| {
            let asleep = |line: &String| line.contains("./sleeps");
            bench.leftovers().iter().filter(|line| asleep(line)).count() > 1
        });
        running.signal(nix::sys::signal::Signal::SIGKILL);
        assert_eq!(running.wait().signal(), Some(9));
        // The workbench sees that nothing is left.
    }
}
