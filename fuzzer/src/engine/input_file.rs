//! The file that stands for `@@`, if the user names none.

use super::config::Program;
use crate::target::{self, INPUT_FILE, TargetError};
use std::path::{Path, PathBuf};
use tine_controller::InputFolder;

/// A file for the inputs. One outside of the output folder is removed at the end.
#[derive(Debug)]
pub struct InputFile {
    path: PathBuf,
    /// Others may write to the folder that the user names: it lies in one of its own
    /// there.
    _folder: Option<InputFolder>,
}

impl InputFile {
    /// The file that the user wants for the target, else `.cur_input` in `folder`, the
    /// instance's.
    ///
    /// # Errors
    /// When it cannot be made in the folder that the user names.
    pub fn choose(program: &Program, folder: &Path) -> Result<Self, TargetError> {
        let ending = program.extension.as_deref().unwrap_or_default();
        let name = match ending {
            "" => INPUT_FILE.to_owned(),
            ending => format!("{INPUT_FILE}.{ending}"),
        };
        let is_needed = program.file.is_none()
            && target::names_input(&program.command, program.start.placeholder());
        let chosen = program.input_folder.as_ref().filter(|_| is_needed);
        let Some(chosen) = chosen else {
            return Ok(Self {
                path: folder.join(name),
                _folder: None,
            });
        };
        let folder = InputFolder::create(chosen, name.as_ref());
        let folder = folder.map_err(|source| TargetError::InputFile {
            path: chosen.clone(),
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
