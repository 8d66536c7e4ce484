//! A campaign: all instances in one output folder, as their files tell of them. They may
//! be tine's or `afl-fuzz`'s, and need not run.

mod instance;
mod summary;

pub use instance::{Instance, State};
pub use summary::{Find, Summary};

use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tine_output::locks::Locks;

/// The version of the JSON. It is raised when a field goes or changes its meaning.
const SCHEMA: u32 = 1;

/// A campaign at one moment.
#[derive(Debug, Serialize)]
pub struct Campaign {
    /// Version of this description.
    schema: u32,
    /// The output folder.
    pub out: PathBuf,
    /// Seconds since 1970 at that moment.
    pub time: u64,
    /// All instances together.
    pub summary: Summary,
    /// The instances, in the order of their names.
    pub instances: Vec<Instance>,
    /// Files that are missing, half or alien, a sentence each.
    pub problems: Vec<String>,
}

/// Why there is nothing to be told of a campaign.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// No such folder.
    #[error("there is no folder {}: give the one that -o of the fuzzer named", .0.display())]
    Missing(PathBuf),
    /// It is a file.
    #[error("{} is a file: give the folder that -o of the fuzzer named", .0.display())]
    NotAFolder(PathBuf),
    /// It cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No fuzzer ever worked in it.
    #[error(
        "no fuzzer has worked in {}: none of its folders has a fuzzer_stats; give the folder that \
         -o of the fuzzer named",
        .0.display()
    )]
    NoInstance(PathBuf),
}

impl Campaign {
    /// Looks at the campaign in `out`. The folder of a single instance is taken, too.
    ///
    /// # Errors
    /// When there is no instance in it.
    pub fn read(out: &Path) -> Result<Self, CampaignError> {
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => CampaignError::Missing(out.into()),
            _ => CampaignError::Unreadable {
                path: out.into(),
                source,
            },
        };
        if !fs::metadata(out).map_err(unreadable)?.is_dir() {
            return Err(CampaignError::NotAFolder(out.into()));
        }
        let locks = Locks::now();
        let mut folders = if instance::is_one(out) {
            vec![out.to_owned()]
        } else {
            let entries = fs::read_dir(out).map_err(unreadable)?;
            let paths = entries.map(|entry| entry.map(|entry| entry.path()));
            let paths = paths.collect::<io::Result<Vec<_>>>().map_err(unreadable)?;
            paths
                .into_iter()
                .filter(|it| instance::is_one(it))
                .collect()
        };
        folders.sort();
        if folders.is_empty() {
            return Err(CampaignError::NoInstance(out.into()));
        }
        let mut problems = Vec::new();
        let instances: Vec<Instance> = folders
            .iter()
            .map(|folder| Instance::read(folder, &locks, &mut problems))
            .collect();
        Ok(Self {
            schema: SCHEMA,
            out: out.into(),
            time: now(),
            summary: Summary::of(&instances),
            instances,
            problems,
        })
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
