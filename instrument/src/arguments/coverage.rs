//! The user's own `-fsanitize-coverage=…`. tine's coverage takes its place; what counts
//! is whether the options, read in order, leave any.

use std::collections::BTreeSet;

/// Features that count or report which way a program takes. Places where that may
/// happen (`func`, `bb`, `edge`) are among them: a file for which they are taken back
/// is not to be instrumented.
const COUNTING: [&str; 10] = [
    "func",
    "bb",
    "edge",
    "trace-bb",
    "8bit-counters",
    "trace-pc",
    "trace-pc-guard",
    "inline-8bit-counters",
    "inline-bool-flag",
    "control-flow",
];

/// Takes back whatever a configuration file asks for.
pub(super) const NONE: &str = "-fno-sanitize-coverage=func,bb,edge,indirect-calls,trace-bb,\
    trace-cmp,trace-div,trace-gep,8bit-counters,trace-pc,trace-pc-guard,no-prune,\
    inline-8bit-counters,inline-bool-flag,pc-table,stack-depth";

/// What the options say so far.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// Features in force that count.
    counting: BTreeSet<&'static str>,
    /// One that counts was taken back.
    is_taken_back: bool,
    compares_taken_back: bool,
}

impl Coverage {
    /// `-fsanitize-coverage=LIST`.
    pub(super) fn add(&mut self, list: &str) {
        for name in list.split(',') {
            self.counting.extend(counting(name));
            self.compares_taken_back &= name != "trace-cmp";
        }
    }

    /// `-fno-sanitize-coverage=LIST`.
    pub(super) fn take_back(&mut self, list: &str) {
        for name in list.split(',') {
            if let Some(feature) = counting(name) {
                self.counting.remove(feature);
                self.is_taken_back = true;
            }
            self.compares_taken_back |= name == "trace-cmp";
        }
    }

    /// Nothing is left that counts, and that was asked for.
    pub(super) fn is_none(&self) -> bool {
        self.is_taken_back && self.counting.is_empty()
    }

    /// `trace-cmp` was taken back last.
    pub(super) fn has_no_compares(&self) -> bool {
        self.compares_taken_back
    }
}

fn counting(name: &str) -> Option<&'static str> {
    COUNTING.into_iter().find(|feature| *feature == name)
}

#[cfg(test)]
mod tests {
    use super::Coverage;

    #[test]
    fn coverage_is_off_when_nothing_that_counts_is_left() {
        let cases = [
            ("", false),
            ("-pc-table", false),
            ("-trace-cmp", false),
            ("-stack-depth -indirect-calls -no-prune -pc-table", false),
            ("-edge", true),
            ("-trace-pc-guard", true),
            ("-inline-8bit-counters,pc-table", true),
            ("+inline-8bit-counters,trace-cmp -pc-table", false),
            ("+edge,trace-pc-guard -edge", false),
            ("+trace-pc-guard -trace-pc-guard", true),
            ("+inline-8bit-counters -trace-pc-guard", false),
            ("-edge +edge", false),
            ("+trace-pc -trace-pc,edge", true),
            ("-unheard-of", false),
        ];
        for (options, none) in cases {
            let mut coverage = Coverage::default();
            for option in options.split_whitespace() {
                match option.split_at(1) {
                    ("+", list) => coverage.add(list),
                    (_, list) => coverage.take_back(list),
                }
            }
            assert_eq!(coverage.is_none(), none, "{options}");
        }
    }
}
