//! Which instances a campaign has, and what each of them is told.

use super::{line::Line, option::CAMPAIGN, roles};
use crate::{
    cli::{FuzzArgs, InstanceError},
    engine::{
        self,
        config::{InstanceName, SeedSource},
    },
    environment::Variables,
    exchange::directory,
    report::{counted, folder::MAIN},
};
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

/// Name of the main instance of a new campaign, and what the names of the others begin
/// with.
const MAIN_NAME: &str = "main";
const SECONDARY_NAME: &str = "secondary";

/// An instance before it runs.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) is_main: bool,
    /// Its command line, from tine's name on.
    pub(super) words: Vec<OsString>,
    /// What is added to its environment.
    pub(super) variables: Vec<(&'static str, &'static str)>,
}

/// Why the instances cannot be chosen.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is nothing to go on with.
    #[error(
        "there is no session to go on with in {}: begin one with -i SEEDS",
        .0.display()
    )]
    NothingToResume(PathBuf),
    /// The output folder cannot be read.
    #[error("cannot use the output folder {}: {source}; choose another with -o", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Options do not go together.
    #[error(transparent)]
    Instance(#[from] InstanceError),
}

/// Plans `jobs` instances. `words` is the command line of the campaign.
///
/// # Errors
/// When there is nothing to go on with.
pub(super) fn make(
    args: &FuzzArgs,
    jobs: usize,
    variables: &Variables,
    words: &[OsString],
) -> Result<Vec<Planned>, PlanError> {
    args.instance()?;
    let there = match &args.input {
        SeedSource::Folder(_) => Vec::new(),
        SeedSource::Resume => resumable(&args.output)?,
    };
    if let Some(left) = there.get(jobs..)
        && !left.is_empty()
    {
        say!(
            "{} in {} are not gone on with: {} (-j {} takes all)",
            counted(left.len() as u64, "instance"),
            args.output.display(),
            left.join(", "),
            there.len()
        );
    }
    let names = names(&there, jobs);
    // Where nobody is to be bound, it is not for us to choose.
    let is_free = !variables.is_set("AFL_NO_AFFINITY");
    let cores = is_free.then(engine::free_cores).flatten();
    if let Some(cores) = &cores {
        tell_cores(jobs, cores.len());
    }

    let mut line = Line::new(words.iter().cloned());
    line.remove("-j");
    let runs = args.executions.map(|runs| runs.div_ceil(jobs as u64));
    let mut planned = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let mut line = line.clone();
        let mut added = Vec::new();
        let is_main = index == 0;
        if is_main {
            roles::assign_main(&mut line, jobs - 1);
        } else {
            line.remove("-F");
            added.extend(roles::assign(&mut line, index - 1, jobs - 1));
        }
        if let Some(runs) = runs {
            line.remove("-E");
            line.add("-E", runs.to_string());
        }
        if let Some(seed) = args.seed {
            // With the same random numbers they would all do the same.
            line.remove("-s");
            line.add("-s", seed.wrapping_add(index as u64).to_string());
        }
        if let SeedSource::Resume = args.input
            && !there.contains(name)
        {
            // A new one begins with all that the main one has.
            line.remove("-i");
            line.add("-i", args.output.join(&names[0]).join("queue"));
        }
        match cores.as_ref().map(|cores| cores.get(index)) {
            Some(Some(core)) => line.add("-b", core.to_string()),
            // None is left: instances that look for one later would meet on it.
            Some(None) => added.push(("AFL_NO_AFFINITY", "1")),
            None => {}
        }
        line.add(if is_main { "-M" } else { "-S" }, name);
        line.add(CAMPAIGN, std::process::id().to_string());
        // What the user sets counts.
        added.retain(|(name, _)| !variables.has(name));
        planned.push(Planned {
            name: name.clone(),
            is_main,
            words: line.words(),
            variables: added,
        });
    }
    Ok(planned)
}

fn tell_cores(jobs: usize, free: usize) {
    if free < jobs {
        say!(
            "{} for {}: those without a core of their own are not bound to one, and slower",
            counted(free as u64, "free core"),
            counted(jobs as u64, "instance")
        );
    }
}

/// The instances to go on with, the main one first.
fn resumable(out: &Path) -> Result<Vec<String>, PlanError> {
    let mut names = match directory::instances(out) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            let path = out.into();
            return Err(PlanError::Folder { path, source });
        }
    };
    // What other programs put there, with queues of their own, is not for us.
    names.retain(|name| {
        name.parse::<InstanceName>().is_ok() && out.join(name).join("fuzzer_setup").exists()
    });
    if names.is_empty() {
        return Err(PlanError::NothingToResume(out.into()));
    }
    let was_main = |name: &String| name == MAIN_NAME || out.join(name).join(MAIN).exists();
    names.sort_by_key(|name| !was_main(name));
    Ok(names)
}

/// So many names: those that are there, then new ones.
fn names(there: &[String], jobs: usize) -> Vec<String> {
    let mut names: Vec<String> = there.iter().take(jobs).cloned().collect();
    if names.is_empty() {
        names.push(MAIN_NAME.into());
    }
    let mut number = 0;
    while names.len() < jobs {
        number += 1;
        let name = format!("{SECONDARY_NAME}-{number:02}");
        if !there.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{names, resumable};
    use std::fs;

    #[test]
    fn new_campaigns_have_one_main_instance() {
        assert_eq!(names(&[], 3), ["main", "secondary-01", "secondary-02"]);
        assert_eq!(names(&[], 1), ["main"]);
    }

    #[test]
    fn instances_that_are_there_keep_their_names() {
        let there = ["a", "b", "secondary-01"].map(String::from);
        assert_eq!(names(&there, 2), ["a", "b"]);
        assert_eq!(
            names(&there, 5),
            ["a", "b", "secondary-01", "secondary-02", "secondary-03"]
        );
    }

    #[test]
    fn the_main_one_comes_first_and_strange_folders_are_left_alone() {
        let out = tempfile::tempdir().unwrap();
        for name in ["a", "main", "symcc", "with a space", "z"] {
            fs::create_dir_all(out.path().join(name).join("queue")).unwrap();
            if name != "symcc" {
                fs::write(out.path().join(name).join("fuzzer_setup"), "").unwrap();
            }
        }
        assert_eq!(resumable(out.path()).unwrap(), ["main", "a", "z"]);
        let empty = tempfile::tempdir().unwrap();
        assert!(resumable(empty.path()).is_err());
        assert!(resumable(&empty.path().join("missing")).is_err());
    }
}
