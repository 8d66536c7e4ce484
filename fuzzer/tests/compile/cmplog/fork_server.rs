//! The log under a fork server.

use std::path::Path;
use std::time::Duration;

use super::{compile, compiler, log::Log, source};
use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_ipc::shm::Segment;
use tine_protocol::{env, layout::cmplog::Layout, signature};
use tine_workbench::{Compiler, Workbench, in_process};

fn build(bench: &Workbench, compiler: &Compiler, name: &str) -> TargetConfig {
    let output = bench.path(name);
    let words = [Path::new("-o"), &output, &source(&format!("{name}.c"))];
    compile(bench, compiler, false, words);
    let mut config = TargetConfig::new(output);
    config.timeout = Duration::from_secs(20);
    config.env.push(bench.marker_variable());
    config
}

fn with_log(mut config: TargetConfig, log: &Log) -> TargetConfig {
    let (name, value) = log.variable();
    config.env.push((name.into(), value.into()));
    config
}

fn shown(log: &Log) -> Vec<String> {
    log.entries().iter().map(ToString::to_string).collect()
}

#[test]
fn each_child_of_a_fork_server_logs() {
    for name in ["clang-14", "clang-22", "gcc"] {
        let bench = in_process();
        let log = Log::new(Layout::V1);
        let mut server =
            ForkServer::start(with_log(build(&bench, &compiler(name), "forked"), &log))
                .expect("it starts");
        assert!(shown(&log).is_empty(), "{name}: {:#?}", shown(&log));

        assert_eq!(
            server.run(b"01234567").expect("it runs"),
            Outcome::Exited(2)
        );
        let entries = shown(&log);
        assert!(
            entries.contains(&"compare 4 0xdeadbeef 0x33323130".to_owned()),
            "{entries:#?}"
        );
        assert!(
            !entries.iter().any(|it| it.contains("Tine")),
            "{entries:#?}"
        );

        // Nobody cleared: the next child goes on.
        assert_eq!(
            server.run(b"\xef\xbe\xad\xdeGuessed!").expect("it runs"),
            Outcome::Exited(4)
        );
        assert!(
            shown(&log).contains(&"text \"Gues\" \"Tine\"".to_owned()),
            "{:#?}",
            shown(&log)
        );
        assert!(log.sites().iter().any(|(hits, _)| *hits == 2), "{name}");

        log.clear();
        assert_eq!(server.run(b"short").expect("it runs"), Outcome::Exited(1));
        let entries = shown(&log);
        assert!(
            !entries.iter().any(|it| it.contains("deadbeef")),
            "{entries:#?}"
        );
    }
}

#[test]
fn a_persistent_child_logs_each_pass_alone() {
    for name in ["clang-14", "clang-22", "gcc"] {
        let bench = in_process();
        let log = Log::new(Layout::V1);
        let config = with_log(build(&bench, &compiler(name), "persistent"), &log);
        let mut server = ForkServer::start(config).expect("it starts");
        // Three passes, the first two of which are the first input's; the last one ends the
        // child. And into the next child.
        for (input, passes, last) in [
            ("one.", 2, false),
            ("two.", 1, true),
            ("tri.", 2, false),
            ("four", 1, true),
        ] {
            log.clear();
            let outcome = server.run(input.as_bytes()).expect("it runs");
            assert_eq!(
                matches!(outcome, Outcome::Exited(0)),
                last,
                "{name}: {outcome:?}"
            );
            let routines: Vec<_> = log
                .sites()
                .into_iter()
                .filter(|(_, it)| it[0].to_string().starts_with("mem"))
                .collect();
            let [(hits, entries)] = routines.as_slice() else {
                panic!("{name}: {:#?}", shown(&log));
            };
            // The controller empties its own log between two passes. This one is the
            // test's.
            assert_eq!(*hits, passes, "{name}: {input}");
            let wanted = format!("memory \"{input}\" \"LOOP\"");
            for entry in entries {
                assert_eq!(entry.to_string(), wanted, "{name}");
            }
        }
    }
}

#[test]
fn a_segment_of_another_size_is_an_error() {
    let bench = in_process();
    let mut config = build(&bench, &Compiler::clang(), "forked");
    let segment = Segment::create(Layout::V1.segment_size() / 2).expect("a segment");
    let variable = env::name(env::CMPLOG_SHM_ID);
    config
        .env
        .push((variable.into(), segment.id().to_string().into()));
    let error = ForkServer::start(config)
        .expect_err("the layout is not known")
        .to_string();
    assert!(
        error.contains("its compare log has an older layout"),
        "{error}"
    );
}

#[test]
fn a_program_says_whether_it_can_log() {
    for name in ["clang-22", "gcc"] {
        let bench = in_process();
        let compiler = compiler(name);
        let config = build(&bench, &compiler, "forked");
        let marked = |path: &Path| {
            let bytes = std::fs::read(path).expect("the program");
            bytes
                .windows(signature::CMPLOG.len())
                .any(|window| window == signature::CMPLOG)
        };
        assert!(marked(&config.program), "{name}");
        let plain = bench.path("plain");
        let words = [Path::new("-o"), &plain, &source("forked.c")];
        bench
            .tine_cc()
            .env("TINE_CC", &compiler.cc)
            .args(words)
            .run()
            .assert_code(0);
        assert!(!marked(&plain), "{name}");
        // As afl-cc does it.
        let runner = bench
            .tine_cc()
            .env("TINE_CC", &compiler.cc)
            .env("AFL_LLVM_CMPLOG", "1");
        runner.args(words).run().assert_code(0);
        assert!(marked(&plain), "{name}");
    }
}
