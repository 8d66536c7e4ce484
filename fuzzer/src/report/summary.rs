//! What is said when a session ends.

use super::{
    name, shell,
    stats::Snapshot,
    text::{counted, grouped, shown_time},
};
use crate::target;
use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    fmt::Write,
    path::{Path, PathBuf},
};

/// What stands before a command.
pub const COMMAND: &str = "  ";

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A signal asked for it.
    Signal(i32),
    /// The time that `-V` gave is over.
    Time,
    /// The runs that `-E` gave are done.
    Runs,
    /// The crash that `--until-crash` waits for.
    Crash,
    /// This variable of AFL's asked for it.
    Variable(&'static str),
}

impl Ending {
    /// As the first words of a sentence.
    #[must_use]
    pub fn words(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Variable(name) => return format!("stopped as {name} asks").into(),
            Self::Signal(libc::SIGINT) => "stopped by Ctrl-C",
            Self::Signal(_) => "stopped by a signal",
            Self::Time => "stopped by its limit of time (-V)",
            Self::Runs => "stopped by its limit of runs (-E)",
            Self::Crash => "stopped at the first crash",
        })
    }
}

/// How to run the target on one saved input.
#[derive(Debug, Clone)]
pub struct Replay {
    /// How `tine` was called.
    pub tine: OsString,
    /// Options that a run needs: `-f`, `-m`, `-t`.
    pub options: Vec<OsString>,
    /// The target and its arguments.
    pub target: Vec<OsString>,
    /// What stands for the input file in [`Self::target`]; `None` is `@@`.
    pub placeholder: Option<OsString>,
    /// The binaries with sanitizers.
    pub sanitized: Vec<PathBuf>,
    /// The target runs without tine.
    pub direct: bool,
}

/// A crash or a hang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// The input.
    pub input: PathBuf,
    /// The folder with the inputs that must run before it, if it takes any.
    pub sequence: Option<PathBuf>,
}

impl Replay {
    /// The command that runs the target on `input` once.
    #[must_use]
    pub fn command(&self, input: &Path) -> String {
        let name = input.file_name().unwrap_or_default().to_string_lossy();
        let number = name::sanitizer(&name);
        let sanitized = number.and_then(|number| self.sanitized.get(number));
        if let (true, None) = (self.direct, sanitized) {
            return self.direct_command(input);
        }
        self.command_with(sanitized.map(PathBuf::as_path), input)
    }

    /// The same with another binary of the target.
    fn command_with(&self, binary: Option<&Path>, input: &Path) -> String {
        let command = self.showmap(["-o".into(), "/dev/null".into()], binary);
        format!("{command} < {}", shell::quoted(input.as_os_str()))
    }

    /// The target itself, with `input` where its arguments name it.
    fn direct_command(&self, input: &Path) -> String {
        let mut is_named = false;
        let placeholder = self.placeholder.as_deref();
        let placeholder = placeholder.unwrap_or(OsStr::new(target::PLACEHOLDER));
        let words: Vec<OsString> = self
            .target
            .iter()
            .map(|word| target::substitute(word, input, placeholder, &mut is_named))
            .collect();
        let command = shell::line(words);
        if is_named {
            command
        } else {
            format!("{command} < {}", shell::quoted(input.as_os_str()))
        }
    }

    /// The command that runs the target on all inputs in `folder`, in one child.
    #[must_use]
    pub fn sequence_command(&self, folder: &Path) -> String {
        self.showmap(["--replay".into(), folder.as_os_str().to_owned()], None)
    }

    fn showmap(&self, option: [OsString; 2], binary: Option<&Path>) -> String {
        let target = self.target.first().map(OsString::as_os_str);
        let program = binary.map(Path::as_os_str).or(target);
        let words = [self.tine.clone(), "showmap".into()]
            .into_iter()
            .chain(option)
            .chain(self.options.iter().cloned())
            .chain(["--".into()])
            .chain(program.map(OsStr::to_owned))
            .chain(self.target.iter().skip(1).cloned());
        shell::line(words)
    }

    fn command_for(&self, find: &Find) -> String {
        match &find.sequence {
            Some(folder) => self.sequence_command(folder),
            None => self.command(&find.input),
        }
    }

    /// The text of `README.txt` in the folder with the crashes.
    #[must_use]
    pub fn readme(&self, command_line: &str) -> String {
        format!(
            "Each file in this folder is an input that crashed the target: nothing was changed\n\
             or added. The names have the signal (sig) and the testcase in ../queue that the\n\
             input was made from (src).\n\
             \n\
             They were found by\n\
             \n  {command_line}\n\n\
             To run the target on one of them once more, in the folder that this was started\n\
             in:\n\
             \n  {}\n\n\
             A crash of a persistent target may take what earlier inputs left behind. Then\n\
             ../replay has a folder of its name with these inputs; to run them one after\n\
             another in one process:\n\
             \n  {}\n\n\
{}\
             The target can be run without a fuzzer too. If it crashes only under this one, its\n\
             limit of memory (-m) or what an earlier run left behind may be the cause.\n",
            self.command(Path::new("FILE")),
            self.sequence_command(Path::new("FOLDER")),
            self.about_sanitizers()
        )
    }
}

impl Replay {
    /// The part of the text that is about crashes of the sanitizers' binaries.
    fn about_sanitizers(&self) -> String {
        let mut text = String::new();
        for (number, binary) in self.sanitized.iter().enumerate() {
            let mark = if number == 0 {
                "+san".into()
            } else {
                format!("+san{}", number + 1)
            };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "Of a file whose name ends in {mark} only this binary crashes:\n\n  {}\n\n",
                self.command_with(Some(binary), Path::new("FILE"))
            );
        }
        text
    }
}

/// The lines that end a session: what was done, and how to look at the finds.
#[must_use]
pub fn text(
    ending: Ending,
    snapshot: &Snapshot,
    instance: &Path,
    first_crash: Option<Find>,
    first_hang: Option<Find>,
    replay: &Replay,
) -> Vec<String> {
    let mut first = format!(
        "{} after {}: {} ({}/s), {} in the corpus, {} found; {}",
        ending.words(),
        shown_time(snapshot.run_time),
        counted(snapshot.runs, "run"),
        grouped(snapshot.runs_per_second().round() as u64),
        counted(snapshot.corpus, "testcase"),
        grouped(snapshot.found),
        snapshot.coverage_words(),
    );
    if snapshot.variable_edges > 0 {
        let _ = write!(first, ", stability {:.1} %", snapshot.stability());
    }
    let mut lines = vec![first];
    for (count, noun, example) in [
        (snapshot.saved_crashes, "crash", &first_crash),
        (snapshot.saved_hangs, "hang", &first_hang),
    ] {
        let Some(example) = example else { continue };
        let folder = example.input.parent().unwrap_or(instance);
        let which = if count == 1 {
            "replay it with"
        } else {
            "replay the first one with"
        };
        lines.push(format!(
            "{} in {}; {which}",
            counted(count, noun),
            folder.display()
        ));
        lines.push(format!("{COMMAND}{}", replay.command_for(example)));
    }
    if snapshot.lost_inputs > 0 {
        lines.push(format!(
            "{} took the fork server along each time and had to be passed over; the first ones are in {}",
            counted(snapshot.lost_inputs, "input"),
            instance.join("lost").display()
        ));
    }
    if first_crash.is_none() {
        lines.push(format!(
            "no crash so far; the results are in {}",
            instance.display()
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Ending, Find, Replay, text};
    use crate::report::stats::Snapshot;
    use std::path::Path;

    fn replay() -> Replay {
        Replay {
            tine: "tine".into(),
            options: vec!["-m".into(), "50".into()],
            target: vec!["./my prog".into(), "@@".into()],
            sanitized: vec!["./with asan".into()],
            placeholder: None,
            direct: false,
        }
    }

    #[test]
    fn a_crash_comes_with_the_command_that_replays_it() {
        let snapshot = Snapshot {
            saved_crashes: 2,
            ..Snapshot::default()
        };
        let mut crash = Find {
            input: "out/default/crashes/id:000000,sig:06".into(),
            sequence: None,
        };
        let instance = Path::new("out/default");
        let lines = text(
            Ending::Crash,
            &snapshot,
            instance,
            Some(crash.clone()),
            None,
            &replay(),
        );
        assert!(
            lines[0].starts_with("stopped at the first crash"),
            "{lines:?}"
        );
        assert_eq!(
            lines[1],
            "2 crashes in out/default/crashes; replay the first one with"
        );
        assert_eq!(
            lines[2],
            "  tine showmap -o /dev/null -m 50 -- './my prog' @@ < \
             out/default/crashes/id:000000,sig:06"
        );
        assert_eq!(lines.len(), 3);

        crash.sequence = Some("out/default/replay/id:000000,sig:06".into());
        let ending = Ending::Crash;
        let lines = text(ending, &snapshot, instance, Some(crash), None, &replay());
        assert_eq!(
            lines[2],
            "  tine showmap --replay out/default/replay/id:000000,sig:06 -m 50 -- './my prog' @@"
        );
    }

    #[test]
    fn a_target_without_instrumentation_is_replayed_by_itself() {
        let mut replay = Replay {
            placeholder: None,
            direct: true,
            ..replay()
        };
        let input = Path::new("out/default/crashes/id:000000,sig:06");
        let expected = "'./my prog' out/default/crashes/id:000000,sig:06";
        assert_eq!(replay.command(input), expected);
        replay.target.pop();
        let expected = "'./my prog' < out/default/crashes/id:000000,sig:06";
        assert_eq!(replay.command(input), expected);
    }

    #[test]
    fn without_a_crash_the_folder_is_named() {
        let snapshot = Snapshot::default();
        let lines = text(
            Ending::Time,
            &snapshot,
            Path::new("out/default"),
            None,
            None,
            &replay(),
        );
        assert!(lines[1].contains("no crash so far") && lines[1].contains("out/default"));
    }
}
