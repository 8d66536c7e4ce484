//! Instances that are started one by one, and what they find in their way.

use nix::fcntl::{Flock, FlockArg};
use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use super::{LEFT, RIGHT, build, end, has_from, imports, mark, tine};
use tine_workbench::{Stats, Workbench, testcases};

#[test]
fn two_instances_take_each_others_finds() {
    let bench = Workbench::new();
    let target = build(&bench);
    let (one, two) = (bench.path("out/one"), bench.path("out/two"));
    let main = tine(&bench, &target, "-M one -i left -o out").start();
    let secondary = tine(&bench, &target, "-S two -i right -o out").start();
    main.wait_for("a find of the other", |_| has_from(&one, "two"));
    secondary.wait_for("a find of the other", |_| has_from(&two, "one"));
    assert!(one.join("is_main_node").exists() && !two.join("is_main_node").exists());
    for session in [secondary, main] {
        end(session).assert_code(0).assert_stderr("stopped by");
    }
    assert!(!one.join("is_main_node").exists());
    for folder in [&one, &two] {
        let stats = Stats::read(folder);
        let imported = imports(folder);
        assert_eq!(stats.number("corpus_imported"), imported.len() as f64);
        let own = testcases(&folder.join("queue")).len() - imported.len() - 1;
        assert_eq!(stats.number("corpus_found"), own as f64);
        assert!(!imported[0].contains(",time:"), "{}", imported[0]);
    }
    // What was counted is not counted anew.
    let count = imports(&one).len();
    tine(&bench, &target, "-M one -i - -o out -E 5000")
        .env("AFL_NO_SYNC", "1")
        .run()
        .assert_code(0);
    let imported = Stats::read(&one).number("corpus_imported");
    assert_eq!(imported, count as f64);
}

/// An instance `peer` with these testcases, which are older than what is being written.
fn peer(bench: &Workbench, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = bench.write(Path::new("out/peer/queue").join(name), content);
        age(&path);
    }
}

fn age(path: &Path) {
    let file = File::options().write(true).open(path).expect("the file");
    let before = SystemTime::now() - Duration::from_secs(60);
    file.set_modified(before).expect("its time");
}

#[test]
fn flawed_files_of_others_are_told_and_the_session_goes_on() {
    let bench = Workbench::new();
    let target = build(&bench);
    peer(
        &bench,
        &[("id:000000,orig:x", ""), ("id:000004,src:000000", RIGHT)],
    );
    let queue = bench.path("out/peer/queue");
    let huge = File::create(queue.join("id:000001,x")).expect("a file");
    huge.set_len(1 << 40).expect("a huge file");
    fs::create_dir(queue.join("id:000002,x")).expect("a folder");
    nix::unistd::mkfifo(&queue.join("id:000003,x"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let link = std::os::unix::fs::symlink(queue.join("id:000005,x"), queue.join("id:000005,x"));
    link.expect("a link to itself");
    // It is being written just now.
    bench.write(queue.join("id:000006,x"), "");
    bench.write(queue.join("no testcase"), "RIGHTWAYno");
    let done = tine(&bench, &target, "-M main -i left -o out -E 100")
        .env("AFL_IMPORT_FIRST", "1")
        .run();
    done.assert_code(0);
    let main = bench.path("out/main");
    assert_eq!(
        imports(&main),
        ["id:000001,sync:peer,src:000004,+cov"],
        "{done}"
    );
    assert_eq!(
        mark(&main, "peer"),
        6,
        "the seventh is to be looked at again"
    );
    for (name, what) in [
        ("id:000000,orig:x", "is empty"),
        ("id:000001,x", "is longer than"),
        ("id:000002,x", "is no file"),
        ("id:000003,x", "is no file"),
        ("id:000005,x", "cannot be read"),
    ] {
        let text = done.stderr();
        let line = text.lines().find(|line| line.contains(name));
        assert!(
            line.is_some_and(|line| line.contains(what)),
            "{name}: {done}"
        );
    }
    assert_eq!(
        done.stderr().matches("of another fuzzer").count(),
        5,
        "{done}"
    );
}

#[test]
fn many_flawed_files_are_not_told_one_by_one() {
    let bench = Workbench::new();
    let target = build(&bench);
    let names: Vec<String> = (0..50).map(|number| format!("id:{number:06},x")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    peer(&bench, &files);
    let done = tine(&bench, &target, "-M main -i left -o out -E 100")
        .env("AFL_IMPORT_FIRST", "1")
        .run();
    done.assert_code(0).assert_stderr("what else is wrong");
    assert_eq!(done.stderr().matches("is empty").count(), 10, "{done}");
    assert_eq!(mark(&bench.path("out/main"), "peer"), 50);
}

#[test]
fn variables_of_afl_fuzz_say_when_others_are_asked() {
    let bench = Workbench::new();
    let target = build(&bench);
    peer(&bench, &[("id:000000,orig:x", RIGHT)]);
    // So few runs end within the first testcase: before others are asked by themselves.
    for (variables, expected) in [
        (&[][..], 0),
        (&["AFL_IMPORT_FIRST"], 1),
        (&["AFL_FINAL_SYNC"], 1),
        (&["AFL_IMPORT_FIRST", "AFL_FINAL_SYNC"], 1),
        (&["AFL_NO_SYNC", "AFL_IMPORT_FIRST", "AFL_FINAL_SYNC"], 0),
    ] {
        let mut runner = tine(&bench, &target, "-M main -i left -o out -E 15 -s 1");
        for variable in variables {
            runner = runner.env(variable, "1");
        }
        runner.run().assert_code(0);
        let count = imports(&bench.path("out/main")).len();
        assert_eq!(count, expected, "{variables:?}");
        fs::remove_dir_all(bench.path("out/main")).expect("the instance's folder");
    }
    let done = tine(&bench, &target, "-M main -i left -o out")
        .env("AFL_SYNC_TIME", "soon")
        .run();
    done.assert_code(1)
        .assert_stderr("AFL_SYNC_TIME=soon: give a number of minutes");
}

#[test]
fn a_foreign_folder_gives_its_files_also_later_ones() {
    let bench = Workbench::new();
    let target = build(&bench);
    let folder = bench.path("libfuzzer");
    age(&bench.write(folder.join("0123456789abcdef0123456789abcdef"), RIGHT));
    let main = bench.path("out/main");
    let session = tine(
        &bench,
        &target,
        "-M main -F libfuzzer -F missing -i left -o out",
    );
    let session = session.start();
    session.wait_for("its file", |_| has_from(&main, "libfuzzer_0"));
    let first = &imports(&main)[0];
    assert!(
        first.ends_with("sync:libfuzzer_0,src:0123456789abcdef0123,+cov"),
        "{first}"
    );
    bench.write(folder.join("another"), "RIGHTWAY\x01 ");
    session.wait_for("the other file", |_| {
        // It may have found that by itself meanwhile.
        session.stderr().contains("missing") && Stats::read(&main).number("corpus_count") > 2.0
    });
    let done = end(session);
    done.assert_code(0);
    assert_eq!(done.stderr().matches("missing").count(), 1, "{done}");
}

#[test]
fn a_session_without_a_name_takes_from_a_main_instance_and_a_repeatable_one_from_nobody() {
    let bench = Workbench::new();
    let target = build(&bench);
    peer(&bench, &[("id:000000,orig:x", RIGHT)]);
    for (options, is_main, expected) in [("", false, 0), ("", true, 1), ("-s 1", true, 0)] {
        let mark = bench.path("out/peer/is_main_node");
        // A fuzzer locks its folder as long as it lives.
        let _lock = is_main.then(|| {
            bench.write(&mark, "");
            let folder = File::open(bench.path("out/peer")).expect("the peer's folder");
            Flock::lock(folder, FlockArg::LockExclusiveNonblock).expect("a free lock")
        });
        let options = format!("-i left -o out -E 100 {options}");
        tine(&bench, &target, &options)
            .env("AFL_IMPORT_FIRST", "1")
            .run()
            .assert_code(0);
        let default = bench.path("out/default");
        assert_eq!(imports(&default).len(), expected, "{options} {is_main}");
        fs::remove_dir_all(default).expect("the instance's folder");
    }
    assert!(LEFT.len() == RIGHT.len());
}
