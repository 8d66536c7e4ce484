//! What a newcomer reads at the end.

use super::sample::{SEED, SOURCE, Tools};
use crate::report::shell::quoted;
use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::signal_name;
use tine_protocol::layout::coverage::DEFAULT_MAP_SIZE;

/// What there is to tell.
pub(super) struct Story {
    pub(super) tools: Tools,
    pub(super) program: PathBuf,
    pub(super) crash: PathBuf,
    pub(super) out: PathBuf,
    /// How long the search took.
    pub(super) time: Duration,
    /// The signal that ended the program when it was run by hand.
    pub(super) signal: Option<i32>,
}

impl Story {
    pub(super) fn tell(&self) -> String {
        let stats = Stats::read(&self.out.join("default/fuzzer_stats"));
        let input = fs::read(&self.crash).unwrap_or_default();
        let ending = match self.signal {
            Some(signal) => format!("ends by {}", signal_name(signal)),
            // Memory that another run leaves alone.
            None => "does not crash when it is run by hand: memory lies elsewhere there".into(),
        };
        let line = line_of("static int repeat(");
        let total = stats.number("total_edges");
        let counters = if stats.is(DEFAULT_MAP_SIZE, "total_edges") {
            // gcc calls the runtime, which only sees where it was called from.
            format!("each edge between two pieces of code counts in one place of {total}")
        } else {
            format!("each of the {total} edges between two pieces of code has its own")
        };
        let folder = self.program.parent().unwrap_or(Path::new("/"));
        let tine = command(&self.tools.tine, "tine");
        let compiler = command(&self.tools.compiler, "tine-cc");
        let install = if tine == "tine" {
            ""
        } else {
            "`cargo install --path fuzzer` puts tine, tine-cc and tine-c++ on your PATH.\n"
        };
        let program = quoted(self.program.as_os_str());
        let crash = quoted(self.crash.as_os_str());
        let queue = self.out.join("default/queue");
        format!(
            "
What happened
  1. tine-cc compiled {source} and gave it counters:
     {counters}.
  2. tine started the program once and stopped it before main: a fork server. Every run
     is a fork of it, which costs far less than starting it anew: {runs} runs in {seconds:.1} s.
  3. It began with one valid picture, {seed}, and changed it at random. An input that
     took a new edge was kept, in {queue},
     and changed further: {corpus} are kept, {found} edges are found.
  4. One of them goes where no picture went before, and the program {ending}:
     {input}
     The bug is in `repeat` (demo.c:{line}): nobody asks whether the rows still fit.

See the crash again, by hand and with its outcome in words:
  {program} < {crash}
  {tine} showmap -o /dev/null -- {program} < {crash}

Fuzz your own program, prog.c, with a small valid input as seed:
  {compiler} -g -o prog prog.c
  mkdir seeds && echo hello > seeds/hello
  {tine} fuzz -i seeds -o out -- ./prog       # add @@ if it reads a file: ./prog @@

{install}All of this stays in {folder}; remove it when you are done.
",
            source = folder.join("demo.c").display(),
            runs = stats.number("execs_done"),
            seconds = self.time.as_secs_f64(),
            seed = shown(SEED),
            queue = queue.display(),
            corpus = stats.number("corpus_count"),
            found = stats.number("edges_found"),
            input = shown(&input),
            folder = folder.display(),
        )
    }
}

/// The numbers of `fuzzer_stats`.
struct Stats(HashMap<String, String>);

impl Stats {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        Self(
            pairs
                .map(|(key, value)| (key.trim().into(), value.trim().into()))
                .collect(),
        )
    }

    fn is(&self, expected: usize, key: &str) -> bool {
        self.0
            .get(key)
            .is_some_and(|value| value.parse() == Ok(expected))
    }

    /// A number with its thousands set apart.
    fn number(&self, key: &str) -> String {
        let Some(value) = self.0.get(key) else {
            return "?".into();
        };
        let mut result = String::new();
        for (index, digit) in value.chars().enumerate() {
            if index > 0 && (value.len() - index).is_multiple_of(3) {
                result.push(',');
            }
            result.push(digit);
        }
        result
    }
}

/// The line of the sample program that has `text`, counted from 1.
fn line_of(text: &str) -> usize {
    SOURCE
        .lines()
        .position(|line| line.contains(text))
        .map_or(0, |index| index + 1)
}

/// An input that may hold anything, short enough for a line.
fn shown(input: &[u8]) -> String {
    const LONGEST: usize = 72;
    let mut text: String = input.escape_ascii().to_string();
    if text.len() > LONGEST {
        text.truncate(LONGEST);
        text.push('…');
    }
    text
}

/// `name` if the shell finds this very program by it, else the path.
fn command(path: &Path, name: &str) -> String {
    let same = |found: &Path| matches!((found.canonicalize(), path.canonicalize()), (Ok(found), Ok(own)) if found == own);
    let folders = env::var_os("PATH").unwrap_or_default();
    let first = env::split_paths(&folders)
        .map(|at| at.join(name))
        .find(|found| found.is_file());
    if first.is_some_and(|found| same(&found)) {
        name.into()
    } else {
        quoted(path.as_os_str()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Stats, line_of, shown};

    #[test]
    fn the_bug_is_where_the_explanation_says() {
        assert!(line_of("static int repeat(") > 0);
    }

    #[test]
    fn inputs_and_numbers_are_made_readable() {
        assert_eq!(shown(b"TIP\0\xff\n"), r"TIP\x00\xff\n");
        assert!(shown(&[b'x'; 1000]).chars().count() < 80);
        let stats = Stats([("execs_done".into(), "1234567".into())].into());
        assert_eq!(stats.number("execs_done"), "1,234,567");
        assert_eq!(stats.number("missing"), "?");
    }
}
