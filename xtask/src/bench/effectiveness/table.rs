//! The figures as Markdown, for the terminal and for the book.

use std::fmt::Write;

use super::figures::{Both, Figures, Length, Program, Session, Target};
use super::statistics::{a12, mann_whitney, median};
use crate::bench::fuzzer::Side;
use crate::bench::summary::Summary;

/// What is wanted: so many times the peer's edges on half of the targets.
const MORE: f64 = 1.05;

/// All tables, and what they are made of.
pub fn markdown(figures: &Figures) -> String {
    let mut text = heading(figures);
    if !figures.targets.is_empty() {
        text.push_str(&edges(figures));
    }
    if !figures.programs.is_empty() {
        text.push_str(&bugs(figures));
    }
    text
}

/// Under which conditions.
fn heading(figures: &Figures) -> String {
    let Figures {
        date,
        machine,
        kernel,
        load,
        peer,
        compiler,
        sessions,
        ..
    } = figures;
    let length = match figures.length {
        Length::Seconds(seconds) => format!("{seconds} s"),
        Length::Runs(runs) => format!("{runs} runs"),
    };
    let log = match figures.cmplog {
        true => ", both with their compare log (`-c`)",
        false => "",
    };
    format!(
        "Measured on {date}: {machine}; {kernel}; load {load:.1} when it began; {peer}; targets \
         built with {compiler}; {sessions} sessions of {length} for each fuzzer and target{log}.\n"
    )
}

fn edges(figures: &Figures) -> String {
    let mut text = String::from(
        "\n**Edges.** Median and, in brackets, least and most. *p* is that of the Mann-Whitney U \
         test, two-sided; *A12* is how likely a session of tine has more edges than one of \
         afl-fuzz. The last two columns: when the median session reached what the other fuzzer \
         had at its end.\n\n\
         | target | seeds | tine | afl-fuzz | ratio | p | A12 | runs/s tine | runs/s afl-fuzz | \
         tine reaches afl-fuzz | afl-fuzz reaches tine |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for target in &figures.targets {
        let _ = writeln!(text, "{}", edges_row(target, figures.length));
    }
    let ratios: Vec<f64> = figures.targets.iter().map(ratio).collect();
    let count = |least: f64| ratios.iter().filter(|ratio| **ratio >= least).count();
    let _ = write!(
        text,
        "\ntine has at least as many edges on {} of {} targets in the median, and 5 % more on \
         {}.\n",
        count(1.0),
        ratios.len(),
        count(MORE)
    );
    text
}

fn edges_row(target: &Target, length: Length) -> String {
    let numbers = |side: Side, of: fn(&Session) -> f64| -> Vec<f64> {
        target.of(side).iter().map(of).collect()
    };
    let of_edges = |session: &Session| f64::from(session.edges);
    let (ours, theirs) = (numbers(Side::Tine, of_edges), numbers(Side::Afl, of_edges));
    let speed = |side: Side| {
        let speeds = numbers(side, |session| session.runs_per_second);
        match length {
            Length::Seconds(_) => format!("{:.0}", median(speeds).unwrap_or_default()),
            // On a busy machine, and with tine leaving time out of account.
            Length::Runs(_) => "-".into(),
        }
    };
    format!(
        "| {} | {} | {} | {} | {:.3} | {} | {:.2} | {} | {} | {} | {} |",
        target.name,
        target.seed_edges,
        spread(&ours),
        spread(&theirs),
        ratio(target),
        probability(mann_whitney(&ours, &theirs)),
        a12(&ours, &theirs),
        speed(Side::Tine),
        speed(Side::Afl),
        length.shown(time_to(target, Side::Tine, &theirs)),
        length.shown(time_to(target, Side::Afl, &ours)),
    )
}

/// tine's median edges by afl-fuzz's.
fn ratio(target: &Target) -> f64 {
    let edges = |side: Side| median(target.of(side).iter().map(|it| f64::from(it.edges)));
    edges(Side::Tine).unwrap_or_default() / edges(Side::Afl).unwrap_or_default().max(1.0)
}

/// How far the median session of a side was when it had as many edges as the other
/// side's median session at its end.
fn time_to(target: &Target, side: Side, others: &[f64]) -> f64 {
    let Some(goal) = median(others.iter().copied()) else {
        return f64::INFINITY;
    };
    let times = target.of(side).iter().map(|session| session.reached(goal));
    median(times).unwrap_or(f64::INFINITY)
}

fn spread(numbers: &[f64]) -> String {
    match Summary::of(numbers.iter().copied()) {
        Some(Summary { median, min, max }) => format!("{median:.0} ({min:.0}..{max:.0})"),
        None => "-".into(),
    }
}

fn probability(p: f64) -> String {
    match p {
        p if p < 0.001 => "< 0.001".into(),
        p => format!("{p:.3}"),
    }
}

fn bugs(figures: &Figures) -> String {
    let mut text = String::from(
        "\n**Planted bugs.** In how many sessions each was found, and when in the median session; \
         `never` when most sessions did not find it. Bugs that neither found are left out.\n\n\
         | bug | tine | | afl-fuzz | |\n|---|---:|---:|---:|---:|\n",
    );
    let mut tally = Tally::default();
    for program in &figures.programs {
        for bug in &program.bugs {
            let (ours, theirs) = (
                Hits::of(program, Side::Tine, bug),
                Hits::of(program, Side::Afl, bug),
            );
            tally.add(&ours, &theirs);
            if ours.found + theirs.found == 0 {
                continue;
            }
            let _ = writeln!(
                text,
                "| {bug} | {} | {} | {} | {} |",
                ours.share(),
                figures.length.shown(ours.median),
                theirs.share(),
                figures.length.shown(theirs.median),
            );
        }
    }
    text.push_str(&tally.sentence());
    text
}

/// How often and when a fuzzer found a bug.
struct Hits {
    found: usize,
    sessions: usize,
    median: f64,
}

impl Hits {
    fn of(program: &Program, side: Side, bug: &str) -> Hits {
        let times: Vec<f64> = program.of(side).iter().map(|it| it.time_to(bug)).collect();
        Hits {
            found: times.iter().filter(|time| time.is_finite()).count(),
            sessions: times.len(),
            median: median(times).unwrap_or(f64::INFINITY),
        }
    }

    fn share(&self) -> String {
        format!("{}/{}", self.found, self.sessions)
    }

    /// By the median session, and so by most.
    fn is_found(&self) -> bool {
        self.median.is_finite()
    }
}

#[derive(Default)]
struct Tally {
    bugs: usize,
    ours: usize,
    theirs: usize,
    missed: usize,
    faster: usize,
}

impl Tally {
    fn add(&mut self, ours: &Hits, theirs: &Hits) {
        self.bugs += 1;
        self.ours += usize::from(ours.is_found());
        self.theirs += usize::from(theirs.is_found());
        if theirs.is_found() {
            self.missed += usize::from(!ours.is_found());
            self.faster += usize::from(ours.median <= theirs.median);
        }
    }

    fn sentence(&self) -> String {
        let Tally {
            bugs,
            ours,
            theirs,
            missed,
            faster,
        } = self;
        format!(
            "\nOf {bugs} bugs, tine found {ours} in the median session, afl-fuzz {theirs}. Of those \
             {theirs}, tine missed {missed} and was at least as fast with {faster}.\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::markdown;
    use crate::bench::effectiveness::figures::tests::example;

    #[test]
    fn tables_say_who_found_more_and_when() {
        let text = markdown(&example());
        let wanted = [
            "2 sessions of 10 s",
            "| png | 5 | 25 (20..30) | 10 (10..10) | 2.500 | 0.333 | 1.00 | 100 | 50 | 1.0 s | never |",
            "on 1 of 1 targets in the median, and 5 % more on 1.",
            "| first | 2/2 | 1.5 s | 1/2 | never |",
            "| second | 0/2 | never | 2/2 | 4.0 s |",
            "Of 3 bugs, tine found 1 in the median session, afl-fuzz 1. Of those 1, tine missed 1 \
             and was at least as fast with 0.",
        ];
        for line in wanted {
            assert!(text.contains(line), "no `{line}` in\n{text}");
        }
        assert!(!text.contains("third"), "nobody found it");
    }
}
