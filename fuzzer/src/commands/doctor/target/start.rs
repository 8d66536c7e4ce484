//! The start of the fork server: what it agreed on, or why it failed.

use super::{by_hand, watch::Seen};
use crate::{
    commands::doctor::{
        finding::{Finding, Id},
        host::shown_bytes,
    },
    few_edges,
};
use std::time::Duration;
use tine_controller::{
    Dialect, FIRST_MAP_SIZE, StartError, TargetConfig, TargetFile, TargetInfo, signal_name,
};
use tine_protocol::{TargetError, WaitStatus, handshake::controller::HandshakeError};

/// What a fork server that answers says of itself.
pub fn up(info: &TargetInfo, took: Duration, config: &TargetConfig) -> Vec<Finding> {
    let dialect = match info.dialect {
        Dialect::V1 => "v1",
        Dialect::Options => "options (AFL++ before 4.20c)",
        Dialect::Classic => "classic (AFL)",
    };
    let what = format!("answers after {}, dialect {dialect}", shown_time(took));
    let limit = config.startup_timeout;
    let start = if took > limit / 2 {
        Finding::slower(Id::Start, what)
            .why(format!(
                "the limit is {}: on a busy machine it may not do",
                shown_time(limit)
            ))
            .remedy(format!(
                "export AFL_FORKSRV_INIT_TMOUT={}",
                took.as_millis().saturating_mul(4)
            ))
    } else {
        Finding::ok(Id::Start, what)
    };
    let mut map = match info.edges {
        Some(1) => "1 edge".into(),
        Some(edges) => format!("{edges} edges"),
        None => shown_bytes(info.map_size as u64),
    };
    if info.map_size > FIRST_MAP_SIZE {
        map.push_str(", more than the 8 MiB of the first start: tine enlarged it by itself");
    }
    let map = if few_edges::is_few(info.edges) {
        Finding::slower(Id::Map, map)
            .why(few_edges::WHY)
            .remedy(few_edges::REMEDY)
    } else {
        Finding::ok(Id::Map, map)
    };
    vec![start, map]
}

/// Why it did not start.
pub fn failed(
    error: &StartError,
    file: &TargetFile,
    config: &TargetConfig,
    seen: &Seen,
) -> Vec<Finding> {
    match error {
        StartError::Unreadable { .. } | StartError::Spawn { .. } => {
            vec![Finding::fails(Id::File, error.to_string())]
        }
        StartError::Segment { .. } => vec![Finding::fails(Id::Segments, error.to_string())],
        StartError::Input { .. } => vec![Finding::fails(Id::Arguments, error.to_string())],
        StartError::Pipe { .. } | StartError::DescriptorLimit { .. } => {
            vec![Finding::fails(Id::OpenFiles, error.to_string())]
        }
        StartError::MapTooLarge { limit, .. } => vec![
            Finding::fails(
                Id::Map,
                format!("it wants more than {}", shown_bytes(*limit as u64)),
            )
            .remedy("TINE_NO_INSTRUMENT=1 tine-cc …     # for parts that are not of interest"),
        ],
        StartError::Daemonised { .. } => vec![
            Finding::fails(Id::Forks, error.to_string())
                .remedy("an option that keeps it in the foreground, in one process"),
        ],
        StartError::MapGrows { .. } | StartError::MapChanged { .. } => {
            vec![Finding::fails(Id::Map, error.to_string())]
        }
        StartError::Handshake { source, .. } => vec![handshake(*source, config, seen)],
        StartError::TimedOut { limit, stage, .. } => timed_out(*limit, stage, file, config, seen),
        StartError::Died {
            status,
            stage,
            said_hello,
            ..
        } => died(*status, stage, *said_hello, file, config, seen),
    }
}

fn died(
    status: Option<WaitStatus>,
    stage: &str,
    said_hello: bool,
    file: &TargetFile,
    config: &TargetConfig,
    seen: &Seen,
) -> Vec<Finding> {
    let how = match status {
        Some(status) => match (status.signal(), status.exit_code()) {
            (Some(signal), _) => format!("killed by {}", signal_name(signal)),
            (None, Some(code)) => format!("exit code {code}"),
            _ => "it stopped".into(),
        },
        None => "it closed descriptor 199".into(),
    };
    if said_hello {
        let finding = Finding::fails(
            Id::Handshake,
            format!("it broke off while tine was {stage}: {how}"),
        );
        return vec![explained(finding, seen)];
    }
    let failed = status.is_none_or(|status| status.exit_code() != Some(0));
    if failed && let Some(limit) = config.memory_limit {
        return vec![memory(limit, &how)];
    }
    if let Some(finding) = appeared(seen, &how) {
        return vec![finding];
    }
    let hand = by_hand::run(config, b"");
    let said = hand.said();
    if let Some(signal) = status.and_then(WaitStatus::signal) {
        let finding = Finding::fails(
            Id::EarlyCrash,
            format!("{} before its fork server starts", signal_name(signal)),
        );
        return vec![
            finding
                .why(format!(
                    "in a constructor, or while its libraries are loaded{said}"
                ))
                .remedy(format!("gdb -ex run --args {}", line(config))),
        ];
    }
    let finding = Finding::fails(
        Id::EarlyExit,
        format!("it ends before its fork server starts: {how}"),
    );
    vec![if file.deferred {
        finding
            .why(format!(
                "it does not reach __AFL_INIT(): does it want other arguments?{said}"
            ))
            .remedy(line(config))
    } else {
        finding
            .why(format!(
                "something before main ends it, or its runtime is incomplete{said}"
            ))
            .remedy(line(config))
    }]
}

fn timed_out(
    limit: Duration,
    stage: &str,
    file: &TargetFile,
    config: &TargetConfig,
    seen: &Seen,
) -> Vec<Finding> {
    let how = format!("no answer within {}", shown_time(limit));
    if let Some(finding) = appeared(seen, &how) {
        return vec![finding];
    }
    if stage != HELLO {
        let finding = Finding::fails(Id::Handshake, format!("{how}, while tine was {stage}"));
        return vec![explained(finding, seen)];
    }
    let why = if seen.wrong.is_some() {
        "it says only a part of its hello"
    } else if file.deferred {
        "a constructor hangs or waits for something, or __AFL_INIT() is not reached"
    } else {
        "a constructor hangs or waits for something: a socket, a lock, its terminal"
    };
    vec![
        Finding::fails(Id::EarlyHang, how)
            .why(why)
            .remedy(format!(
                "gdb -ex run --args {}     # Ctrl-C, then bt\nexport AFL_FORKSRV_INIT_TMOUT={}     # if it is only slow",
                line(config),
                limit.as_millis().saturating_mul(6)
            )),
    ]
}

/// Where the controller stands before the first word.
const HELLO: &str = "waiting for its hello";

/// Programs and processes that explain why nobody answers.
fn appeared(seen: &Seen, how: &str) -> Option<Finding> {
    if let Some(program) = seen.early_programs.last() {
        let finding = Finding::fails(
            Id::Exec,
            format!("it executes {program} before its fork server starts ({how})"),
        );
        return Some(
            finding
                .why("the program that takes its place has no fork server")
                .remedy(format!("tine fuzz … -- {program} …     # instrumented")),
        );
    }
    (seen.early_processes > 0).then(|| {
        Finding::fails(
            Id::Forks,
            format!("it makes processes before its fork server starts ({how})"),
        )
        .why(
            "the process that tine started is not the one that goes on: does it become a daemon, or \
             wait for a process of its own?",
        )
        .remedy("an option that keeps it in the foreground, in one process")
    })
}

fn handshake(error: HandshakeError, config: &TargetConfig, seen: &Seen) -> Finding {
    use TargetError::{CountersNotAlone, Fork, MapAddress, Mmap, ShmAttach};
    match (error, config.memory_limit) {
        (HandshakeError::Target(reason @ (ShmAttach | Mmap | MapAddress)), Some(limit)) => {
            memory(limit, &reason.to_string())
        }
        (HandshakeError::Target(CountersNotAlone), _) => {
            Finding::fails(Id::Handshake, CountersNotAlone.to_string())
                .why("the link line decides where the counters lie")
                .remedy("make clean && make CC=tine-cc CXX=tine-c++ LD=tine-cc")
        }
        (HandshakeError::Target(Fork), _) => {
            Finding::fails(Id::Handshake, "it cannot fork").remedy("ulimit -u 4096")
        }
        (error, _) => explained(Finding::fails(Id::Handshake, error.to_string()), seen),
    }
}

/// With what was wrong on the wire, and how to see more.
fn explained(finding: Finding, seen: &Seen) -> Finding {
    let finding = match &seen.wrong {
        Some(wrong) => finding.why(format!(
            "it {wrong}; does something else write to descriptor 199?"
        )),
        None => finding.why("its runtime does not keep to the protocol, or was interrupted"),
    };
    finding.remedy("tine trace -- TARGET <INPUT     # shows each word")
}

fn memory(limit: u64, how: &str) -> Finding {
    Finding::fails(
        Id::MemoryLimit,
        format!(
            "it does not start with {} of memory: {how}",
            shown_bytes(limit)
        ),
    )
    .remedy("tine fuzz -m none …")
}

/// The target's command line.
fn line(config: &TargetConfig) -> String {
    let mut line = config.program.display().to_string();
    for arg in &config.args {
        line.push(' ');
        line.push_str(&arg.display().to_string());
    }
    line
}

/// A duration in the unit that suits it.
pub fn shown_time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds >= 1.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 0.1 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{:.1} ms", seconds * 1e3)
    }
}
