//! The file that stands for `@@`, where it is not `.cur_input` in the output folder.

use crate::{
    cli::FuzzArgs,
    target::{self, TargetError},
};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The variable with the folder for it.
const FOLDER: &str = "AFL_TMPDIR";

/// A file for the inputs. One outside of the output folder is removed at the end.
#[derive(Debug)]
pub struct InputFile {
    path: PathBuf,
    is_outside: bool,
}

impl InputFile {
    /// The file that `-e` or `AFL_TMPDIR` ask for; `None` if neither does, or if the
    /// target's arguments name no input file.
    ///
    /// # Errors
    /// When `AFL_TMPDIR` is no folder.
    pub fn choose(args: &FuzzArgs, folder: &Path) -> Result<Option<Self>, TargetError> {
        if args.file.is_some() || !target::names_input(&args.target) {
            return Ok(None);
        }
        let ending = args.extension.as_deref().unwrap_or_default();
        let ending = match ending {
            "" => String::new(),
            ending => format!(".{ending}"),
        };
        let chosen = env::var_os(FOLDER).filter(|folder| !folder.is_empty());
        let Some(chosen) = chosen else {
            let path = folder.join(format!(".cur_input{ending}"));
            return Ok((!ending.is_empty()).then_some(Self {
                path,
                is_outside: false,
            }));
        };
        let chosen = PathBuf::from(chosen);
        if !chosen.is_dir() {
            return Err(TargetError::Variable {
                name: FOLDER,
                value: chosen.display().to_string(),
                expected: "give a folder that exists",
            });
        }
        // Several instances may use the folder.
        let name = format!(".cur_input.{}{ending}", std::process::id());
        Ok(Some(Self {
            path: chosen.join(name),
            is_outside: true,
        }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for InputFile {
    fn drop(&mut self) {
        if self.is_outside {
            // It may never have been written.
            let _ = fs::remove_file(&self.path);
        }
    }
}
