//! Command lines and values.

use super::{
    Cli, Command, FuzzArgs, ShowmapArgs,
    values::{RunLimit, TimeLimit, ValueError},
};
use crate::{engine::config::SeedSource, target::MemoryLimit};
use clap::{CommandFactory, Parser};
use std::{ffi::OsString, time::Duration};

fn fuzz(line: &str) -> FuzzArgs {
    match Cli::try_parse_from(line.split(' ')) {
        Ok(Cli {
            command: Command::Fuzz(args),
        }) => *args,
        other => panic!("{line}: {other:?}"),
    }
}

fn showmap(line: &str) -> ShowmapArgs {
    match Cli::try_parse_from(line.split(' ')) {
        Ok(Cli {
            command: Command::Showmap(args),
        }) => args,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn afl_fuzz_lines_mean_what_they_mean_there() {
    let args = fuzz("tine fuzz -i in -o out -t 1000+ -m none -x a -x b -V 60 -s 7 -- ./t -x @@");
    assert_eq!(args.input, SeedSource::Folder("in".into()));
    let limit = Duration::from_secs(1);
    assert_eq!(args.timeout, Some(TimeLimit { limit }));
    assert_eq!(
        (args.memory, args.seconds, args.seed),
        (MemoryLimit(None), Some(60), Some(7))
    );
    assert_eq!(args.dictionary.len(), 2);
    assert_eq!(args.target, ["./t", "-x", "@@"].map(OsString::from));
}

#[test]
fn the_two_dashes_may_be_left_out() {
    let args = fuzz("tine fuzz -i- -o out -t500 ./t -i @@ -- -q --no-ui");
    assert_eq!(args.input, SeedSource::Resume);
    assert_eq!(
        args.timeout.map(|t| t.limit),
        Some(Duration::from_millis(500))
    );
    assert_eq!(
        args.target,
        ["./t", "-i", "@@", "--", "-q", "--no-ui"].map(OsString::from)
    );
    assert!(!args.no_ui);
    assert_eq!(
        showmap("tine showmap -q -o - ./t -q").target.command.len(),
        2
    );
}

#[test]
fn time_limits_are_checked() {
    let of = |text: &str| {
        text.parse::<TimeLimit>()
            .map(|time_limit| time_limit.limit.as_millis())
    };
    assert_eq!(of("20"), Ok(20));
    assert_eq!(of("20+"), Ok(20));
    assert_eq!(of("4"), Err(ValueError::TooShort));
    assert_eq!(of("99999999999"), Err(ValueError::TooLong));
    for wrong in ["", "+", "1s", "-1", "1.5", "20++"] {
        assert_eq!(of(wrong), Err(ValueError::Milliseconds), "{wrong}");
    }
    assert_eq!("1000+".parse(), Ok(RunLimit(Duration::from_secs(1))));
    assert!("none".parse::<RunLimit>().is_ok());
}
