//! What each instance of a campaign does differently from the others: the shares that
//! AFL++'s guide advises for instances on many cores.
//!
//! Options that the user gives hold for all instances. Those that this build of tine
//! does not have are left out.

use super::line::Line;

/// Power schedules (`-p`), one after another. The main instance has the default.
const SCHEDULES: [&str; 7] = ["fast", "coe", "lin", "quad", "exploit", "rare", "explore"];

/// Strategies (`-P`): 40 % explore, 20 % exploit, the others as they come.
const STRATEGIES: [Option<&str>; 5] = [
    Some("explore"),
    None,
    Some("exploit"),
    Some("explore"),
    None,
];

/// Kinds of input (`-a`): 30 % text, 30 % binary, the others both.
const KINDS: [Option<&str>; 10] = [
    None,
    Some("binary"),
    Some("text"),
    None,
    Some("text"),
    Some("binary"),
    None,
    Some("binary"),
    Some("text"),
    None,
];

/// Which ones do not trim: 60 %.
const UNTRIMMED: [bool; 5] = [true, false, true, true, false];

/// Of ten, the one with the `MOpt` mutator (`-L 0`), and the one that goes through the
/// queue in its order (`-Z`).
const OF_TEN: usize = 10;
const MOPT: usize = 3;
const OLD_QUEUE: usize = 6;

/// Of so many secondary instances one has the compare log (`-c`), if the user gives it,
/// and one the sanitizer's binary (`-w`): both cost much, and the others get what they
/// find.
const OF_EIGHT: usize = 8;
const COMPARE_LOG: usize = 0;
const SANITIZER: usize = 1;

/// Gives the command line of a secondary instance what is its own. `index` counts the
/// secondary instances, `count` says how many there are. Returns variables for its
/// environment.
pub(super) fn assign(
    line: &mut Line,
    index: usize,
    count: usize,
) -> Vec<(&'static str, &'static str)> {
    if index % OF_EIGHT != COMPARE_LOG {
        line.remove("-c");
        line.remove("-l");
    }
    // With one secondary instance that one has both.
    if index % OF_EIGHT != SANITIZER.min(count.saturating_sub(1)) {
        line.remove("-w");
    }
    line.offer(&["-p", SCHEDULES[index % SCHEDULES.len()]]);
    if let Some(strategy) = STRATEGIES[index % STRATEGIES.len()] {
        line.offer(&["-P", strategy]);
    }
    if let Some(kind) = KINDS[index % KINDS.len()] {
        line.offer(&["-a", kind]);
    }
    if index % OF_TEN == MOPT {
        line.offer(&["-L", "0"]);
    }
    if index % OF_TEN == OLD_QUEUE {
        line.offer(&["-Z"]);
    }
    let mut variables = Vec::new();
    if UNTRIMMED[index % UNTRIMMED.len()] {
        variables.push(("AFL_DISABLE_TRIM", "1"));
    }
    variables
}

/// The same for the main instance.
pub(super) fn assign_main(line: &mut Line, secondaries: usize) {
    if secondaries > 0 {
        for option in ["-c", "-l", "-w"] {
            line.remove(option);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Line, STRATEGIES, UNTRIMMED, assign, assign_main};
    use std::ffi::OsString;

    #[test]
    fn shares_are_those_of_the_guide() {
        let of = |strategy: &str| {
            STRATEGIES
                .iter()
                .filter(|it| **it == Some(strategy))
                .count()
        };
        assert_eq!((of("explore"), of("exploit")), (2, 1));
        let of = |kind: &str| KINDS.iter().filter(|it| **it == Some(kind)).count();
        assert_eq!((of("text"), of("binary")), (3, 3));
        let untrimmed = UNTRIMMED.iter().filter(|it| **it).count();
        assert!((5..=7).contains(&(10 * untrimmed / UNTRIMMED.len())));
    }

    #[test]
    fn every_line_can_be_read() {
        use clap::Parser;
        let line = "tine fuzz -M main -i in -o out -- t";
        let line = Line::new(line.split(' ').map(OsString::from));
        for index in 0..40 {
            let mut line = line.clone();
            assign(&mut line, index, 40);
            crate::cli::Cli::try_parse_from(line.words()).unwrap();
        }
        let mut main = line.clone();
        assign_main(&mut main, 3);
        assert_eq!(main, line);
    }
}
