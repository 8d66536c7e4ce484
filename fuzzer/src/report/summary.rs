//! What is said when a session ends.

use super::{counted, shell, stats::Snapshot};
use crate::ui::shown_time;
use std::{
    ffi::OsString,
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
}

impl Ending {
    /// As the first words of a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Signal(libc::SIGINT) => "stopped by Ctrl-C",
            Self::Signal(_) => "stopped by a signal",
            Self::Time => "stopped by its limit of time (-V)",
            Self::Runs => "stopped by its limit of runs (-E)",
            Self::Crash => "stopped at the first crash",
        }
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
        let command = self.showmap(["-o".into(), "/dev/null".into()]);
        format!("{command} < {}", shell::quoted(input.as_os_str()))
    }

    /// The command that runs the target on all inputs in `folder`, in one child.
    #[must_use]
    pub fn sequence_command(&self, folder: &Path) -> String {
        self.showmap(["--replay".into(), folder.as_os_str().to_owned()])
    }

    fn showmap(&self, option: [OsString; 2]) -> String {
        let words = [self.tine.clone(), "showmap".into()]
            .into_iter()
            .chain(option)
            .chain(self.options.iter().cloned())
            .chain(["--".into()])
            .chain(self.target.iter().cloned());
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
             The target can be run without a fuzzer too. If it crashes only under this one, its\n\
             limit of memory (-m) or what an earlier run left behind may be the cause.\n",
            self.command(Path::new("FILE")),
            self.sequence_command(Path::new("FOLDER"))
        )
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
        "{} after {}: {} ({}/s), {} in the corpus, {} found; {} of {} edges",
        ending.words(),
        shown_time(snapshot.run_time),
        counted(snapshot.runs, "run"),
        crate::ui::grouped(snapshot.runs_per_second().round() as u64),
        counted(snapshot.corpus, "testcase"),
        crate::ui::grouped(snapshot.found),
        crate::ui::grouped(snapshot.edges),
        crate::ui::grouped(snapshot.total_edges),
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
