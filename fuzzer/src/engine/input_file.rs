//! The file that stands for `@@`, if the user names none.

use crate::{
    cli::FuzzArgs,
    target::{self, INPUT_FILE, TargetError},
};
use std::{
    env,
    path::{Path, PathBuf},
};
use tine_controller::InputFolder;

/// The variable with the folder for it.
const FOLDER: &str = "AFL_TMPDIR";

/// A file for the inputs. One outside of the output folder is removed at the end.
#[derive(Debug)]
pub struct InputFile {
    path: PathBuf,
    /// Others may write to the folder that `AFL_TMPDIR` names: it lies in one of its own
    /// there.
    _folder: Option<InputFolder>,
}

impl InputFile {
    /// The file that `-e` and `AFL_TMPDIR` ask for, else `.cur_input` in `folder`, the
    /// instance's.
    ///
    /// # Errors
    /// When `AFL_TMPDIR` is no folder, or none can be made in it.
    pub fn choose(args: &FuzzArgs, folder: &Path) -> Result<Self, TargetError> {
        let ending = args.extension.as_deref().unwrap_or_default();
        let name = match ending {
            "" => INPUT_FILE.to_owned(),
            ending => format!("{INPUT_FILE}.{ending}"),
        };
        let is_needed = args.file.is_none() && target::names_input(&args.target);
        let chosen = env::var_os(FOLDER).filter(|folder| is_needed && !folder.is_empty());
        let Some(chosen) = chosen.map(PathBuf::from) else {
            return Ok(Self {
                path: folder.join(name),
                _folder: None,
            });
        };
        if !chosen.is_dir() {
            return Err(TargetError::Variable {
                name: FOLDER,
                value: chosen.display().to_string(),
                expected: "give a folder that exists",
            });
        }
        let folder = InputFolder::create(&chosen, name.as_ref());
        let folder = folder.map_err(|source| TargetError::InputFile {
            path: chosen,
            source,
        })?;
        Ok(Self {
            path: folder.file().to_owned(),
            _folder: Some(folder),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
