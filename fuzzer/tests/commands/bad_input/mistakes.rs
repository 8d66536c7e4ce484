//! Mistakes on the command line, as data: `main` makes each of them.

/// Both subcommands that take a target.
const BOTH: &[&str] = &["fuzz", "showmap"];
const FUZZ: &[&str] = &["fuzz"];
const SHOWMAP: &[&str] = &["showmap"];

/// A mistake, and what must be said about it.
pub struct Mistake {
    pub name: &'static str,
    pub commands: &'static [&'static str],
    /// What stands between the subcommand and `--`, after what a right line has.
    pub options: &'static [&'static str],
    pub env: &'static [(&'static str, &'static str)],
    /// The target and its arguments.
    pub target: &'static [&'static str],
    /// All of these are in the sentence: what was wrong, and the way out.
    pub says: &'static [&'static str],
}

const NOTHING_SPECIAL: Mistake = Mistake {
    name: "",
    commands: BOTH,
    options: &[],
    env: &[],
    target: &["./prog"],
    says: &[],
};

/// About the target and its arguments.
pub const TARGET_MISTAKES: &[Mistake] = &[
    Mistake {
        name: "no such target",
        target: &["./missing"],
        says: &["./missing", "is the path right?"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "no such command",
        target: &["missing-command"],
        says: &["missing-command on PATH", "`./`"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a folder",
        target: &["./seeds"],
        says: &["./seeds is a folder"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not executable",
        target: &["./plain.txt"],
        says: &["./plain.txt is not executable", "chmod +x"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not a program",
        target: &["./text"],
        says: &["./text", "not an ELF file"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an object file",
        target: &["./object"],
        says: &["./object is an object file", "link it"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a script",
        target: &["./script"],
        says: &["./script is a script for /bin/sh", ".libs"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "another architecture",
        target: &["./foreign"],
        says: &["./foreign is built for 64-bit RISC-V", "x86-64"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a 32-bit program",
        target: &["./foreign32"],
        says: &["./foreign32 is built for 32-bit x86", "-m32"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not instrumented",
        target: &["./bare"],
        says: &["./bare is not instrumented", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not instrumented, and not checked",
        env: &[("AFL_SKIP_BIN_CHECK", "1")],
        target: &["./bare"],
        says: &["./bare", "fork server never started", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a constructor that dies",
        env: &[("CONSTRUCTOR", "abort")],
        target: &["./constructor"],
        says: &[
            "./constructor was killed by SIGABRT",
            "constructor",
            "tine doctor",
        ],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a constructor that exits",
        env: &[("CONSTRUCTOR", "exit")],
        target: &["./constructor"],
        says: &["./constructor exited with code 3", "tine doctor"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a fork server that never answers",
        env: &[("CONSTRUCTOR", "hang"), ("AFL_FORKSRV_INIT_TMOUT", "200")],
        target: &["./constructor"],
        says: &[
            "did not answer within 0.2 s",
            "hello",
            "AFL_FORKSRV_INIT_TMOUT",
        ],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a time limit for the start that is none",
        env: &[("AFL_FORKSRV_INIT_TMOUT", "soon")],
        says: &["AFL_FORKSRV_INIT_TMOUT=soon", "milliseconds"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an exit code that is none",
        env: &[("AFL_CRASH_EXITCODE", "1000")],
        says: &["AFL_CRASH_EXITCODE=1000", "255"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an input file that cannot be written",
        options: &["-f", "/no/such/folder/input"],
        target: &["./prog", "@@"],
        says: &["cannot write /no/such/folder/input", "-f FILE"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an input file that is a folder",
        options: &["-f", "seeds"],
        target: &["./prog", "@@"],
        says: &["cannot write ", "seeds", "-f FILE"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an input file that is the target",
        options: &["-f", "prog"],
        target: &["./prog", "@@"],
        says: &["-f ", "prog is the target itself"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "too little memory to start",
        options: &["-m", "5"],
        says: &["./prog", "memory limit of 5 MB", "-m none"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a memory limit and a sanitizer",
        options: &["-m", "200"],
        target: &["./sanitized"],
        says: &[
            "./sanitized is built with AddressSanitizer",
            "-m 200",
            "-m none",
        ],
        ..NOTHING_SPECIAL
    },
];

/// About options and their values.
pub const OPTION_MISTAKES: &[Mistake] = &[
    Mistake {
        name: "a time that is none",
        options: &["-t", "1s"],
        says: &["'1s'", "whole number of milliseconds"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a time that no run keeps",
        options: &["-t", "1"],
        says: &["'1'", "less than 5 ms"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "memory that is none",
        options: &["-m", "lots"],
        says: &["'lots'", "megabytes", "`none`"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "memory that no program keeps",
        options: &["-m", "1"],
        says: &["'1'", "less than 5 MB"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "no such option",
        options: &["--until-cash"],
        commands: FUZZ,
        says: &["'--until-cash'", "'--until-crash'", "--help"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an option that only afl-fuzz has",
        commands: FUZZ,
        options: &["-Q"],
        says: &["-Q is an option of afl-fuzz only", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an option that only afl-showmap has",
        commands: SHOWMAP,
        options: &["-Q"],
        says: &["-Q is an option of afl-showmap only", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a seed that inputs would be written over",
        commands: FUZZ,
        options: &["-f", "seeds/../seeds/seed"],
        says: &[
            "-f seeds/../seeds/seed",
            "is the input seeds/seed",
            "another",
        ],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "no target",
        target: &[],
        says: &["TARGET", "not provided", "--help"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "runs that are no number",
        commands: FUZZ,
        options: &["-E", "many"],
        says: &["'many'", "whole number"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "options that exclude each other",
        commands: SHOWMAP,
        options: &["-e", "-r"],
        says: &["--edges-only", "--raw"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a core that is not there",
        commands: FUZZ,
        options: &["-b", "99999", "-E", "10"],
        says: &["99999"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a dictionary that is not there",
        commands: FUZZ,
        options: &["-x", "missing.dict"],
        says: &["missing.dict"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a dictionary without an end",
        commands: FUZZ,
        options: &["-x", "/dev/zero"],
        says: &["/dev/zero has more than 64 MiB"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a compare log without instrumentation",
        commands: FUZZ,
        options: &["-n", "-c", "0"],
        says: &["-n", "-c"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a sanitizer's binary without instrumentation",
        commands: FUZZ,
        options: &["-n", "-w", "./prog"],
        says: &["-n", "-w"],
        ..NOTHING_SPECIAL
    },
];
