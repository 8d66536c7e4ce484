//! Commands that run a target on what was found.

use crate::{
    name,
    placeholder::{PLACEHOLDER, substitute},
    shell,
};
use std::{
    ffi::{OsStr, OsString},
    fmt::Write,
    path::{Path, PathBuf},
};

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
        let placeholder = placeholder.unwrap_or(OsStr::new(PLACEHOLDER));
        let words: Vec<OsString> = self
            .target
            .iter()
            .map(|word| substitute(word, input, placeholder, &mut is_named))
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

    /// The command that runs the target on a crash or a hang.
    #[must_use]
    pub fn command_for(&self, find: &Find) -> String {
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

#[cfg(test)]
mod tests {
    use super::Replay;
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
}
