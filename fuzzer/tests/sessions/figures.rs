//! Figures for machines: `fuzzer_stats` and `plot_data` as AFL's own tools read them,
//! `tine status`, Prometheus and StatsD.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    path::Path,
    time::Duration,
};
use tine_workbench::{
    Runner, Running, Stats, Workbench,
    peers::{aflplusplus_404, aflplusplus_440},
    testcases,
};

/// Aborts on input that begins with "ab", and has some branches.
const SOURCE: &str = r#"
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    char b[16] = {0};
    if (read(0, b, sizeof b) < 1) return 0;
    if (b[0] != 'a') return 1;
    if (b[1] == 'b') abort();
    return 2;
}
"#;

/// A session in `out`.
fn fuzz<'b>(bench: &'b Workbench, out: &str, options: &[&str], program: &Path) -> Runner<'b> {
    bench.seeds("seeds", ["x", "xy"]);
    bench
        .tine()
        .args(["fuzz", "-i", "seeds", "-o", out, "-t", "1000"])
        .args(options)
        .arg("--")
        .arg(program)
}

/// A session that goes on until the test ends it.
fn running<'b>(bench: &'b Workbench, runner: Runner<'b>) -> Running<'b> {
    let session = runner.start();
    let stats = bench.path("out/default/fuzzer_stats");
    session.wait_for("the first figures", |_| stats.exists());
    session
}

fn stop(session: Running<'_>) {
    session.signal(nix::sys::signal::Signal::SIGINT);
    session.wait().assert_code(0);
}

/// The keys of a `fuzzer_stats`, in their order.
fn keys(instance: &Path) -> Vec<String> {
    let text = fs::read_to_string(instance.join("fuzzer_stats")).expect("figures");
    let keys = text.lines().filter_map(|line| line.split_once(':'));
    keys.map(|(key, _)| key.trim().to_owned()).collect()
}

/// Runs a real `afl-fuzz` for a moment.
fn afl_fuzz(bench: &Workbench, out: &str, program: &Path) {
    bench.seeds("seeds", ["x", "xy"]);
    bench
        .program(aflplusplus_440("afl-fuzz"))
        .env("AFL_NO_UI", "1")
        .env("AFL_NO_AFFINITY", "1")
        .env("AFL_SKIP_CPUFREQ", "1")
        .env("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1")
        .args([
            "-m", "none", "-t", "5000", "-V", "1", "-i", "seeds", "-o", out, "--",
        ])
        .arg(program)
        .run()
        .assert_code(0);
}

#[test]
fn the_keys_and_columns_are_those_of_the_real_afl_fuzz() {
    let bench = Workbench::new();
    let program = bench.compile("prog", &["-O1"], SOURCE);
    fuzz(&bench, "out", &["-V", "1"], &program)
        .run()
        .assert_code(0);
    afl_fuzz(&bench, "peer", &program);
    let (ours, theirs) = (bench.path("out/default"), bench.path("peer/default"));
    let (our_keys, their_keys) = (keys(&ours), keys(&theirs));
    assert!(their_keys.len() > 45, "{their_keys:?}");
    assert_eq!(our_keys[..their_keys.len()], their_keys, "same order");
    assert_eq!(
        our_keys[their_keys.len()..],
        ["total_crashes", "server_restarts", "lost_inputs"],
        "keys of tine's own come last"
    );
    let header = |folder: &Path| {
        let text = fs::read_to_string(folder.join("plot_data")).expect("a history");
        text.lines().next().expect("a header").trim().to_owned()
    };
    assert_eq!(header(&ours), header(&theirs));
    // One folder, two fuzzers: each counts.
    fs::rename(&theirs, bench.path("out/peer")).unwrap();
    let status = bench.tine().args(["status", "--json", "out"]).run();
    let json = json(&status.assert_code(3).stdout());
    let versions: Vec<&str> = json["instances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|instance| instance["version"].as_str().unwrap())
        .collect();
    assert_eq!(
        versions,
        [concat!("tine-", env!("CARGO_PKG_VERSION")), "++4.40c"]
    );
    let sum: f64 = ["out/default", "out/peer"]
        .iter()
        .map(|folder| Stats::read(&bench.path(folder)).number("execs_done"))
        .sum();
    assert_eq!(json["summary"]["runs"].as_f64(), Some(sum));
    assert_eq!(json["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn values_are_those_of_the_session() {
    let bench = Workbench::new();
    let program = bench.compile("prog", &["-O1"], SOURCE);
    let options = ["-V", "100", "-T", "a banner"];
    let session = running(&bench, fuzz(&bench, "out", &options, &program));
    let instance = bench.path("out/default");
    session.wait_for("a crash, and time enough for a speed", |_| {
        let stats = Stats::read(&instance);
        stats.number("saved_crashes") >= 1.0 && stats.number("run_time") >= 2.0
    });
    stop(session);
    let stats = Stats::read(&instance);
    let count = |folder: &str| testcases(&instance.join(folder)).len() as f64;
    assert_eq!(stats.text("afl_banner"), "a banner");
    assert_eq!(stats.number("corpus_count"), count("queue"));
    assert_eq!(stats.number("corpus_found"), count("queue") - 2.0);
    assert_eq!(stats.number("saved_crashes"), count("crashes"));
    assert!(stats.number("total_crashes") >= stats.number("saved_crashes"));
    assert!(stats.number("edges_found") <= stats.number("total_edges"));
    let times = [
        "calibration_time",
        "cmplog_time",
        "sync_time",
        "trim_time",
        "fuzz_time",
    ];
    let sum: f64 = times.iter().map(|key| stats.number(key)).sum();
    let run_time = stats.number("run_time");
    assert!(sum <= run_time && run_time >= 2.0, "{stats:?}");
    let speed = stats.number("execs_per_sec");
    let expected = stats.number("execs_done") / run_time;
    assert!(
        speed > expected / 2.0 && speed < expected * 2.0,
        "{stats:?}"
    );
    assert!(stats.number("last_crash") >= stats.number("start_time"));
}

#[test]
fn afl_whatsup_and_afl_plot_read_them() {
    let bench = Workbench::new();
    let program = bench.compile("prog", &["-O1"], SOURCE);
    let session = running(&bench, fuzz(&bench, "out", &["-V", "100"], &program));
    let instance = bench.path("out/default");
    session.wait_for("a crash, and time enough for a speed", |_| {
        let stats = Stats::read(&instance);
        stats.number("saved_crashes") >= 1.0 && stats.number("run_time") >= 1.0
    });
    for whatsup in [
        aflplusplus_404("afl-whatsup"),
        aflplusplus_440("afl-whatsup"),
    ] {
        let done = bench.program(&whatsup).arg("out").env("TERM", "dumb").run();
        let text = done.assert_code(0).stdout();
        let name = whatsup.display();
        let pid = format!("fuzzer PID: {}", session.pid());
        for part in ["Fuzzers alive : 1", "crashes saved", &pid, ">>> prog"] {
            assert!(text.contains(part), "{name}: {part} in:\n{text}");
        }
        for trouble in ["rror", "not found", "syntax"] {
            let said = format!("{text}{}", done.stderr());
            assert!(!said.contains(trouble), "{name}: {trouble} in:\n{said}");
        }
    }
    stop(session);
    for (plot, graphs) in [
        (aflplusplus_404("afl-plot"), "graphs-404"),
        (aflplusplus_440("afl-plot"), "graphs-440"),
    ] {
        bench
            .program(&plot)
            .env("AFL_ALLOW_TMP", "1")
            .args(["out/default", graphs])
            .run()
            .assert_code(0);
        let page = fs::read_to_string(bench.path(graphs).join("index.html")).expect("a page");
        assert!(page.contains("prog"), "the banner is in:\n{page}");
        for graph in ["exec_speed.png", "edges.png"] {
            let bytes = fs::read(bench.path(graphs).join(graph)).expect("a graph");
            assert!(
                bytes.starts_with(b"\x89PNG"),
                "{graph} of {}",
                plot.display()
            );
        }
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

#[test]
fn status_tells_what_runs_and_what_was_found() {
    let bench = Workbench::new();
    let program = bench.compile("prog", &["-O1"], SOURCE);
    let nothing = bench.tine().args(["status", "out"]).run();
    nothing
        .assert_code(1)
        .assert_stderr("there is no folder out");
    fs::create_dir(bench.path("empty")).unwrap();
    let empty = bench.tine().args(["status", "empty"]).run();
    empty
        .assert_code(1)
        .assert_stderr("no fuzzer has worked in empty");

    let session = running(&bench, fuzz(&bench, "out", &["-V", "100"], &program));
    let status = bench.tine().args(["status", "--json", "out"]).run();
    let told = json(&status.assert_code(0).stdout());
    let instance = &told["instances"][0];
    assert_eq!(instance["state"], "running");
    assert_eq!(instance["pid"].as_i64(), Some(session.pid().into()));
    assert_eq!(instance["target"], "prog");
    // The names of the fields are those of the documentation.
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/figures.md"))
        .unwrap();
    for object in [&told, &told["summary"], instance] {
        for key in object.as_object().unwrap().keys() {
            assert!(
                page.contains(&format!("`{key}`")),
                "{key} is not documented"
            );
        }
    }
    let watch = bench.tine().args(["status", "--watch", "out"]).start();
    watch.wait_for("a table", |it| it.stdout().contains("default   running"));
    stop(session);
    // It ends by itself when nothing runs any more.
    let watched = watch.wait();
    assert!(
        watched
            .assert_code(3)
            .stdout()
            .contains("default   stopped")
    );

    for width in [80, 40] {
        let text = bench
            .tine()
            .args(["status", "out"])
            .env("COLUMNS", width.to_string())
            .run();
        let text = text.assert_code(3).stdout();
        assert!(
            text.lines().all(|line| line.chars().count() <= width),
            "{text}"
        );
        assert!(text.contains("1 stopped"), "{text}");
    }
    // A killed fuzzer does not run, whatever its figures say.
    let session = running(&bench, fuzz(&bench, "other", &["-V", "100"], &program));
    let stats = bench.path("other/default/fuzzer_stats");
    session.wait_for("figures", |_| stats.exists());
    session.signal(nix::sys::signal::Signal::SIGKILL);
    drop(session.try_wait());
    bench.tine().args(["status", "other"]).run().assert_code(3);
}

/// One request, as a browser or Prometheus makes it.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let answer = String::from_utf8(answer).unwrap();
    let code = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (code, answer)
}

/// The address that a program says it listens at.
fn address(program: &Running<'_>) -> String {
    program.wait_for("an address", |it| it.stderr().contains("/metrics\n"));
    let said = program.stderr();
    let (_, rest) = said.split_once("http://").expect("an address");
    rest.split('/').next().unwrap().to_owned()
}

#[test]
fn prometheus_gets_the_figures_of_the_whole_campaign_from_one_place() {
    let bench = Workbench::new();
    let program = bench.compile("prog", &["-O1"], SOURCE);
    // Another instance of the campaign, which does not run any more.
    fuzz(&bench, "out", &["-V", "1"], &program)
        .run()
        .assert_code(0);
    fs::rename(bench.path("out/default"), bench.path("out/older")).unwrap();
    let options = ["-V", "100", "--metrics", "0"];
    let session = running(&bench, fuzz(&bench, "out", &options, &program));
    let address_of_session = address(&session);
    assert!(
        address_of_session.starts_with("127.0.0.1:"),
        "{address_of_session}"
    );
    let (code, answer) = get(&address_of_session, "/metrics");
    assert_eq!(code, 200);
    assert!(
        answer.contains("Content-Type: text/plain; version=0.0.4"),
        "{answer}"
    );
    let older = Stats::read(&bench.path("out/older"))
        .text("execs_done")
        .to_owned();
    for line in [
        r#"tine_up{instance="default",target="prog"} 1"#.to_owned(),
        r#"tine_up{instance="older",target="prog"} 0"#.to_owned(),
        format!(r#"tine_execs_total{{instance="older",target="prog"}} {older}"#),
    ] {
        assert!(
            answer.lines().any(|found| found == line),
            "{line} in:\n{answer}"
        );
    }
    assert_eq!(get(&address_of_session, "/x").0, 404);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/figures.md");
    let page = fs::read_to_string(page).unwrap();
    for line in answer
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
    {
        let name = line.split(' ').next().unwrap();
        assert!(
            page.contains(&format!("`{name}`")),
            "{name} is not documented"
        );
    }

    // The same from beside, and a port that is in use.
    let beside = bench
        .tine()
        .args(["status", "--metrics", "0", "out"])
        .start();
    assert_eq!(get(&address(&beside), "/metrics").0, 200);
    beside.signal(nix::sys::signal::Signal::SIGTERM);
    drop(beside.try_wait());
    let taken = ["-V", "1", "--metrics", &address_of_session];
    let refused = fuzz(&bench, "other", &taken, &program).run();
    refused.assert_code(1).assert_stderr("the port is in use");
    assert!(!bench.path("other").exists(), "nothing was begun");
    stop(session);
    assert!(
        TcpListener::bind(&address_of_session).is_ok(),
        "the port is free again"
    );
}

#[test]
fn statsd_gets_what_afl_fuzz_sends() {
    let bench = Workbench::new();
    let program = bench.compile("prog", &["-O1"], SOURCE);
    let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
    listener
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let session = fuzz(&bench, "out", &["-V", "100"], &program)
        .env("AFL_STATSD", "1")
        .env("AFL_STATSD_PORT", &port)
        .env("AFL_STATSD_TAGS_FLAVOR", "dogstatsd")
        .start();
    let mut packet = [0; 65536];
    let mut last = BTreeMap::new();
    for _ in 0..2 {
        let length = listener.recv(&mut packet).expect("a packet each second");
        let text = String::from_utf8(packet[..length].to_vec()).unwrap();
        last = text
            .lines()
            .map(|line| {
                let (name, rest) = line.split_once(':').expect("a value");
                let (value, rest) = rest.split_once('|').expect("a type");
                let tags = concat!(
                    "g|#banner:default,afl_version:tine-",
                    env!("CARGO_PKG_VERSION")
                );
                assert_eq!(rest, tags);
                (name.to_owned(), value.parse::<f64>().expect("a number"))
            })
            .collect();
    }
    assert_eq!(last.len(), 20, "{last:?}");
    assert!(last["fuzzing.execs_done"] > 0.0 && last["fuzzing.corpus_count"] >= 2.0);
    stop(session);
    let wrong = fuzz(&bench, "other", &["-V", "1"], &program)
        .env("AFL_STATSD", "1")
        .env("AFL_STATSD_TAGS_FLAVOR", "carbon")
        .run();
    wrong
        .assert_code(1)
        .assert_stderr("give dogstatsd, influxdb, librato or signalfx");
}
