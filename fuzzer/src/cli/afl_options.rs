//! Options of AFL's tools that tine does not have: whoever comes from there hears
//! what they stand for, and what to do without.

/// What `option` of `afl-fuzz` stands for and what to do, if tine lacks it.
pub fn of_fuzz(option: &str) -> Option<&'static str> {
    Some(match option {
        "-L" => {
            "operators are chosen by fixed tables (-a, -P), not by a swarm: leave it out, and see \
             docs/mutation.md"
        }
        "-Q" | "-O" | "-U" | "-W" | "-X" | "-Y" | "-A" => NOT_TRANSLATED,
        "-K" => {
            "graphical programs are not driven: leave it out, and give the target its input by a file"
        }
        "-B" => "a session does not begin with the map of another one: leave it out",
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
        "-O" | "-Q" | "-U" | "-X" => NOT_TRANSLATED,
        "--debug" => "tine does not have it: leave it out",
        _ => return None,
    })
}

/// The same for `afl-tmin`.
pub fn of_tmin(option: &str) -> Option<&'static str> {
    Some(match option {
        "-A" | "-O" | "-Q" | "-U" | "-W" | "-X" | "-Y" => NOT_TRANSLATED,
        "-B" | "-K" => "tine does not have it: leave it out",
        _ => return None,
    })
}

const NOT_TRANSLATED: &str = "there is no coverage of programs that are not instrumented: compile \
                              the target with tine-cc or tine-c++, or run it without coverage \
                              by -n";

const BINARY_ONLY: &str = "programs without instrumentation cannot be run: compile the target \
                           with tine-cc or tine-c++";
