//! `--metrics` with peers that do not keep to any manners.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::Duration,
};

use nix::sys::signal::Signal;

use tine_workbench::{Running, Workbench};

const TARGET: &str = r"
#include <unistd.h>
int main(void) { char b[8]; return read(0, b, 8) > 1 && b[0] == 'x'; }
";

/// How long an answer may take on a busy machine. The server's own limit is 10 s.
const PATIENCE: Duration = Duration::from_secs(60);

fn bench() -> (Workbench, PathBuf) {
    let bench = Workbench::new();
    let program = bench.compile("target", &[], TARGET);
    bench.seeds("in", ["a"]);
    (bench, program)
}

/// Where a session serves its figures, once there are some.
fn address(bench: &Workbench, session: &Running<'_>) -> String {
    let stats = bench.path("out/default/fuzzer_stats");
    session.wait_for("figures", |_| stats.exists());
    session.wait_for("an address", |it| it.stderr().contains("/metrics\n"));
    let said = session.stderr();
    let (_, rest) = said.split_once("http://").expect("an address");
    rest.split('/').next().expect("a host").to_owned()
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // An answer may be followed by a reset, which is no answer lost.
    let _ = stream.read_to_string(&mut text);
    text
}

/// Descriptors of a process.
fn descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

#[test]
fn a_peer_that_does_not_read_does_not_keep_a_session_from_ending() {
    let (bench, program) = bench();
    let session = bench.fuzz("in", &["-V", "300", "--metrics", "0"], &program);
    let session = session.deadline(PATIENCE).start();
    let address = address(&bench, &session);
    let stubborn: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut stream = connect(&address);
            stream.set_nonblocking(true).unwrap();
            let requests = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100_000);
            // As much as it takes, and never a look at the answers.
            let _ = stream.write(requests.as_bytes());
            stream
        })
        .collect();
    let mut polite = connect(&address);
    polite.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(answer(polite).starts_with("HTTP/1.1 200 OK\r\n"));
    session.signal(Signal::SIGTERM);
    session.wait().assert_code(0);
    drop(stubborn);
}

#[test]
fn peers_that_say_nothing_do_not_use_up_descriptors() {
    const PEERS: usize = 200;
    let (bench, program) = bench();
    let session = bench.fuzz("in", &["-V", "300", "--metrics", "0"], &program);
    let session = session.start();
    let address = address(&bench, &session);
    let before = descriptors(session.pid());
    let idle: Vec<TcpStream> = (0..PEERS).map(|_| connect(&address)).collect();
    // Whoever asks is answered all the same, though not all at once.
    let mut slow = connect(&address);
    for byte in b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" {
        slow.write_all(&[*byte]).unwrap();
    }
    assert!(answer(slow).contains("tine_up{"));
    // Each one was accepted by now: they came before.
    let most = descriptors(session.pid());
    assert!(most <= before + 20, "{before} descriptors, then {most}");
    // Those that came first are let go.
    for stream in idle.into_iter().take(PEERS / 2) {
        assert_eq!(answer(stream), "");
    }
    session.signal(Signal::SIGTERM);
    session.wait().assert_code(0);
}

#[test]
fn what_is_no_request_for_figures_gets_an_answer() {
    let (bench, program) = bench();
    let session = bench.fuzz("in", &["-V", "300", "--metrics", "0"], &program);
    let session = session.start();
    let address = address(&bench, &session);
    for (request, code) in [
        ("GET /nothing HTTP/1.1\r\n\r\n", "404"),
        (
            "POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
            "405",
        ),
        ("\x16\x03\x01\x02\r\n\r\n", "400"),
        (&"x".repeat(20_000), "431"),
        ("HEAD /metrics HTTP/1.1\r\n\r\n", "200"),
    ] {
        let mut stream = connect(&address);
        stream.write_all(request.as_bytes()).unwrap();
        let text = answer(stream);
        assert!(text.starts_with(&format!("HTTP/1.1 {code} ")), "{text}");
        assert!(!text.contains("tine_up"), "{text}");
    }
    session.signal(Signal::SIGTERM);
    session.wait().assert_code(0);
}
