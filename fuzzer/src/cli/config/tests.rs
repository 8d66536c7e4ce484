//! Command lines and environments, and the sessions that they make.

use super::{ConfigError, of, plain};
use crate::{
    cli::{Cli, Command},
    engine::config::{
        Abstraction, AimChoice, CompareProgram, Config, InputType, Role, Schedule, SeedSource,
    },
    environment::Variables,
    target::MemoryLimit,
};
use clap::Parser;
use std::{ffi::OsString, time::Duration};

fn config(options: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let line = format!("tine fuzz {options} -i in -o out -- ./t @@");
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    let Ok(Cli {
        command: Command::Fuzz(args),
    }) = Cli::try_parse_from(&words)
    else {
        panic!("{line}");
    };
    let variables = variables.iter().copied().collect();
    of(&args, &variables, &words)
}

/// Options, variables, and what a session has of them.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    fn(&Config) -> bool,
);

const CASES: &[Case] = &[
    ("", &[], |it| it.seeds == SeedSource::Folder("in".into())),
    ("", &[], |it| it.program.command == ["./t", "@@"]),
    ("", &[], |it| it.program.memory == MemoryLimit(None)),
    ("-m 50", &[], |it| it.program.memory.0 == Some(50 << 20)),
    ("", &[], |it| it.program.timeout.is_none()),
    ("-t 250+", &[], |it| {
        it.program.timeout == Some(Duration::from_millis(250))
    }),
    ("", &[], |it| it.hang == Duration::from_secs(1)),
    ("", &[("AFL_HANG_TMOUT", "3000")], |it| {
        it.hang == Duration::from_secs(3)
    }),
    ("", &[], |it| it.instance.name.as_str() == "default"),
    ("", &[], |it| it.instance.role == Role::Alone),
    ("-M main -F x", &[], |it| {
        it.instance.role == Role::Main && it.exchange.foreign.len() == 1
    }),
    ("-S s1", &[("AFL_FINAL_SYNC", "1")], |it| {
        it.instance.role == Role::Secondary && it.exchange.at_end && !it.exchange.at_start
    }),
    ("", &[("AFL_SYNC_TIME", "2")], |it| {
        it.exchange.longest_pause == Some(Duration::from_secs(120))
    }),
    ("-V 60 -E 7", &[], |it| {
        it.ends.time == Some(Duration::from_secs(60)) && it.ends.runs == Some(7)
    }),
    ("--until-crash", &[], |it| it.ends.until_crash),
    ("", &[("AFL_BENCH_UNTIL_CRASH", "1")], |it| {
        it.ends.until_crash
    }),
    ("", &[("AFL_BENCH_UNTIL_CRASH", "0")], |it| {
        !it.ends.until_crash
    }),
    ("", &[("AFL_EXIT_ON_TIME", "5")], |it| {
        it.wishes.exit_on_time == Some(Duration::from_secs(5))
    }),
    ("", &[("AFL_CAL_FAST", "1")], |it| {
        it.wishes.fast_calibration
    }),
    ("-p MOPT -Z", &[], |it| {
        it.scheduling.schedule == Schedule::Mmopt && it.scheduling.sequential
    }),
    // Whatever its value: afl-fuzz only asks whether it is there.
    ("", &[("AFL_CYCLE_SCHEDULES", "0")], |it| {
        it.scheduling.cycles
    }),
    ("", &[("AFL_AUTORESUME", "")], |it| it.resumes),
    ("", &[("AFL_NO_FASTRESUME", "1")], |it| it.record.forgets),
    ("-a txt -P explore -z -u", &[], |it| {
        let mutation = &it.mutation;
        mutation.input_type == Some(InputType::Text)
            && mutation.aim == AimChoice::Explore
            && !mutation.deterministic
            && mutation.splices
    }),
    ("", &[("AFL_INPUT_LEN_MIN", "4")], |it| {
        it.mutation.lengths.shortest() == 4
    }),
    ("-g 2", &[("AFL_INPUT_LEN_MIN", "4")], |it| {
        it.mutation.lengths.shortest() == 2
    }),
    // What an option says is not looked for in a variable.
    ("-g 2", &[("AFL_INPUT_LEN_MIN", "x")], |it| {
        it.mutation.lengths.shortest() == 2
    }),
    ("", &[("AFL_NO_TRIM", "1")], |it| {
        !it.mutation.trims && it.custom.trims
    }),
    ("", &[("AFL_DISABLE_TRIM", "1")], |it| {
        !it.mutation.trims && !it.custom.trims
    }),
    ("-x a -x b", &[("AFL_NO_AUTODICT", "1")], |it| {
        it.dictionaries.len() == 2 && !it.uses_auto_tokens
    }),
    ("-c 0 -l 3T", &[("AFL_CMPLOG_ONLY_NEW", "1")], |it| {
        it.compare.program == Some(CompareProgram::Target)
            && it.compare.level.level == 3
            && it.compare.level.transforms
            && it.compare.only_new
    }),
    ("", &[("AFL_CUSTOM_MUTATOR_LIBRARY", "a.so;b.so:")], |it| {
        it.custom.libraries == ["a.so", "b.so"]
    }),
    (
        "-w ./asan",
        &[("AFL_SAN_ABSTRACTION", "unique_trace")],
        |it| it.sanitized.paths.len() == 1 && it.sanitized.abstraction == Abstraction::Counts,
    ),
    ("-b 3", &[("AFL_TRY_AFFINITY", "1")], |it| {
        it.core.wanted == Some(3) && it.core.may_fail && !it.core.off
    }),
    ("", &[("AFL_PERSISTENT_RECORD", "9")], |it| {
        it.replay_inputs == 9
    }),
    (
        "--replay-inputs 0",
        &[("AFL_PERSISTENT_RECORD", "9")],
        |it| it.replay_inputs == 0,
    ),
    ("", &[("AFL_TESTCACHE_SIZE", "7")], |it| {
        it.corpus_megabytes == 7
    }),
    ("", &[("AFL_MAP_SIZE", "4096")], |it| {
        it.program.start.map_size == Some(4096)
    }),
    // The target reads its input from a file of the user's: there is none of ours.
    ("-f x", &[("AFL_TMPDIR", "/missing")], |it| {
        it.program.input_folder.is_none()
    }),
    ("--campaign=5", &[], |it| {
        it.in_campaign && !it.record.command_line.contains("campaign")
    }),
    (
        "",
        &[("AFL_DEBUG", "0"), ("HOME", "/"), ("TINE_X", "1")],
        |it| it.record.variables.len() == 2,
    ),
    (
        "-e png -t 2000",
        &[("AFL_INPUT_PLACEHOLDER", "FILE")],
        |it| {
            let replay = &it.record.replay;
            replay.options == ["-f", "input.png", "-t", "2000"]
                && replay.placeholder == Some("FILE".into())
                && replay.tine == "tine"
        },
    ),
];

#[test]
fn options_and_variables_become_a_session() {
    for (number, (options, variables, is_so)) in CASES.iter().enumerate() {
        let config = config(options, variables).unwrap();
        assert!(is_so(&config), "{number}: {options} {variables:?}");
    }
}

#[test]
fn what_makes_no_session_is_refused() {
    for (options, variables, sentence) in [
        ("-F x", &[][..], "-F brings testcases of another fuzzer"),
        ("-g 4 -G 3", &[], "no input has 4 bytes at least (-g"),
        (
            "-g 4",
            &[("AFL_INPUT_LEN_MAX", "3")],
            "no input has 4 bytes",
        ),
        (
            "",
            &[("AFL_SYNC_TIME", "0")],
            "AFL_SYNC_TIME=0: give a number of minutes",
        ),
        (
            "",
            &[("AFL_SAN_ABSTRACTION", "x")],
            "AFL_SAN_ABSTRACTION=x: give simplify_trace",
        ),
        (
            "",
            &[("AFL_TMPDIR", "/missing")],
            "AFL_TMPDIR=/missing: give a folder that exists",
        ),
        (
            "",
            &[("AFL_HANG_TMOUT", "soon")],
            "AFL_HANG_TMOUT=soon: give a number of milliseconds",
        ),
        (
            "",
            &[("AFL_MAX_DET_EXTRAS", "0")],
            "AFL_MAX_DET_EXTRAS=0: give a whole number",
        ),
    ] {
        let error = config(options, variables).unwrap_err().to_string();
        assert!(error.starts_with(sentence), "{error}");
    }
}

#[test]
fn a_session_without_options_heeds_variables() {
    let variables = Variables::from_iter([("AFL_NO_AFFINITY", "1"), ("AFL_FAST_CAL", "1")]);
    let words = ["tine", "demo"].map(OsString::from);
    let target = vec!["./demo".into()];
    let config = plain("in".into(), "out".into(), target, &variables, &words).unwrap();
    assert!(config.core.off && config.wishes.fast_calibration);
    assert_eq!(config.record.command_line, "tine demo");
    assert_eq!(config.record.replay.target, ["./demo"]);
}
