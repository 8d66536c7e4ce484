//! Findings for people: one line each, what mends it below.

use super::finding::{Finding, Id, Level};
use crate::report::text::Shown;
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

/// Width of the column of levels.
const LEVEL: usize = 6;

/// Width of the column of subjects.
pub const SUBJECT: usize = 17;

/// Columns of a line.
const WIDTH: usize = 80;

/// Where the text of a finding begins.
const INDENT: usize = 2 + LEVEL + 2 + SUBJECT + 1;

/// Where what mends it begins: further left, so that a command fits.
const REMEDY: usize = 2 + LEVEL + 2;

/// The heading of a group of findings.
pub fn heading(what: &str) -> String {
    let bold = Style::new().bold();
    format!("{bold}{}{bold:#}\n", Shown(what))
}

/// A finding, with styles.
pub fn finding(finding: &Finding) -> String {
    let style = style(finding.level);
    let mut text = format!(
        "  {style}{:LEVEL$}{style:#}  {:SUBJECT$} ",
        finding.level, finding.subject
    );
    let mut what = Shown(&finding.what).to_string();
    if let Some(why) = &finding.why {
        what.push_str(". ");
        what.push_str(&Shown(as_sentence(why)).to_string());
    }
    for (index, line) in wrap(&what, WIDTH - INDENT).iter().enumerate() {
        if index > 0 {
            let _ = write!(text, "{:INDENT$}", "");
        }
        text.push_str(line);
        text.push('\n');
    }
    for line in finding.remedy.iter().flat_map(|remedy| remedy.lines()) {
        let _ = writeln!(text, "{:REMEDY$}> {}", "", Shown(line));
    }
    text
}

/// The last line.
pub fn summary(findings: &[Finding], has_target: bool) -> String {
    let count = |level| {
        findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    };
    let slower = match count(Level::Slower) {
        0 => String::new(),
        1 => " One thing costs time or precision.".into(),
        many => format!(" {many} things cost time or precision."),
    };
    match (count(Level::Fails), has_target) {
        (0, true) => format!("tine can fuzz this target.{slower}\n"),
        (0, false) => {
            format!("This machine is fit.{slower}\n`tine doctor -- TARGET` looks at a program.\n")
        }
        (1, _) => format!("One thing will fail, start there.{slower}\n"),
        (many, _) => format!("{many} things will fail, start with the first.{slower}\n"),
    }
}

/// All findings that there are, as a Markdown table.
pub fn table() -> String {
    let mut text = String::from("| id | what is looked at |\n|---|---|\n");
    for id in Id::ALL {
        let _ = writeln!(text, "| `{}` | {} |", id.name(), id.meaning());
    }
    text
}

fn style(level: Level) -> Style {
    match level {
        Level::Ok => AnsiColor::Green.on_default(),
        Level::Note => AnsiColor::Cyan.on_default(),
        Level::Slower => AnsiColor::Yellow.on_default(),
        Level::Fails => AnsiColor::Red.on_default().bold(),
    }
}

/// With a capital letter where it begins with a word: names of calls and files, and
/// tine's, keep theirs.
fn as_sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let is_word = word != "tine" && word.chars().all(|c| c.is_alphabetic() || c == ',');
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if is_word => first.to_uppercase().chain(rest).collect(),
        _ => text.to_owned(),
    }
}

/// Breaks at blanks. A word that is longer stays whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Finding, Id, finding, summary, wrap};

    #[test]
    fn a_finding_fits_80_columns_and_keeps_its_command_whole() {
        let command = "sysctl -w kernel.shmmni=4096";
        let what = "a sentence with many words ".repeat(8);
        let found = Finding::fails(Id::Segments, what)
            .why("because")
            .remedy(command);
        let shown = anstream::adapter::strip_str(&finding(&found)).to_string();
        assert!(shown.lines().count() > 4, "{shown}");
        assert!(shown.lines().all(|line| line.len() <= 80), "{shown}");
        assert!(shown.starts_with("  fails   shm segments "), "{shown}");
        assert!(shown.ends_with(&format!("> {command}\n")), "{shown}");
    }

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("ab cd efghij k", 5), ["ab cd", "efghij", "k"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn the_summary_counts() {
        let one = [Finding::fails(Id::File, ""), Finding::slower(Id::Boost, "")];
        let both = "One thing will fail, start there. One thing costs time or precision.\n";
        assert_eq!(summary(&one, true), both);
        assert!(summary(&one[1..], true).starts_with("tine can fuzz this target. One thing costs"));
        assert!(summary(&[], false).starts_with("This machine is fit.\n"));
    }

    #[test]
    fn names_keep_their_small_letters() {
        for (text, expected) in [
            ("it may", "It may"),
            ("time, threads", "Time, threads"),
            ("tine runs", "tine runs"),
            ("kill(-1) ends", "kill(-1) ends"),
            ("/proc is missing", "/proc is missing"),
        ] {
            assert_eq!(super::as_sentence(text), expected);
        }
    }
}
