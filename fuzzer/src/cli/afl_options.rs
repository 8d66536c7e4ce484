//! Options of AFL's tools that tine does not have: whoever comes from there hears
//! what they stand for, and what to do without.

/// What `option` of `afl-fuzz` stands for and what to do, if tine lacks it.
pub fn of_fuzz(option: &str) -> Option<&'static str> {
    Some(match option {
        "-M" | "-S" | "-F" => {
            "instances do not exchange testcases yet: leave it out, and give each instance an -o \
             of its own"
        }
        "-d" => "there is no deterministic stage to be skipped: leave it out",
        "-D" => "there is no deterministic stage yet: leave it out",
        "-p" | "-P" | "-a" | "-L" | "-z" | "-Z" => {
            "there is one schedule and one strategy yet: leave it out"
        }
        "-c" | "-l" => {
            "there is no compare log yet: leave it out, and give the constants that the target \
             compares with as a dictionary (-x)"
        }
        "-g" | "-G" => "lengths of inputs have no limits of yours yet: leave it out",
        "-C" => "there is no mode that explores crashes yet: leave it out",
        "-n" => "a target must be instrumented: compile it with tine-cc or tine-c++",
        "-Q" | "-O" | "-U" | "-W" | "-X" | "-Y" | "-A" => BINARY_ONLY,
        "-e" | "-w" | "-I" | "-T" | "-u" | "-N" | "-K" => "tine does not have it: leave it out",
        _ => return None,
    })
}

/// The same for `afl-showmap`.
pub fn of_showmap(option: &str) -> Option<&'static str> {
    Some(match option {
        "-A" | "-O" | "-Q" | "-U" | "-W" | "-X" => BINARY_ONLY,
        "-S" | "-I" | "-H" | "-Z" | "-c" => "tine does not have it: leave it out",
        _ => return None,
    })
}

/// The same for `afl-cmin`.
pub fn of_cmin(option: &str) -> Option<&'static str> {
    Some(match option {
        "-O" | "-Q" | "-U" | "-X" => BINARY_ONLY,
        "--debug" => "tine does not have it: leave it out",
        _ => return None,
    })
}

/// The same for `afl-tmin`.
pub fn of_tmin(option: &str) -> Option<&'static str> {
    Some(match option {
        "-A" | "-O" | "-Q" | "-U" | "-W" | "-X" | "-Y" => BINARY_ONLY,
        "-B" | "-K" => "tine does not have it: leave it out",
        _ => return None,
    })
}

const BINARY_ONLY: &str = "programs without instrumentation cannot be run: compile the target \
                           with tine-cc or tine-c++";
