//! AFL's way to exchange testcases: each instance has its folder in one output folder,
//! and reads the queues of the others. To publish a testcase is to have it in the queue.
//!
//! ```text
//! OUT/NAME/is_main_node         there while a main instance runs
//! OUT/NAME/.synced/PEER         how far the queue of PEER was read
//! OUT/NAME/.synced/PEER.last    name of the last testcase that was
//! ```
//!
//! A main instance reads all others. A secondary one reads the main ones that live, and
//! all others while there is none.

use super::{Exchange, Flaw, Hashes, Received, Role, foreign::Foreign, peer::Peer};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use tine_output::{
    folder::{MAIN, SYNCED},
    locks::Locks,
    name::is_instance,
    store,
};

/// The exchange within an output folder.
#[derive(Debug)]
pub struct Directory {
    out: PathBuf,
    /// Our own name.
    name: String,
    role: Role,
    synced: PathBuf,
    peers: BTreeMap<String, Peer>,
    foreign: Vec<Foreign>,
    /// Contents that were published or received.
    known: Hashes,
    /// Who is asked in this round, the next one last; `None` between rounds.
    round: Option<Vec<Source>>,
    /// It was told that there are two main instances.
    is_rival_named: bool,
}

/// Who is asked for testcases.
#[derive(Debug, Clone)]
enum Source {
    Peer(String),
    Foreign(usize),
}

impl Directory {
    /// For the instance whose folder is `folder`. `is_fresh` forgets what an earlier
    /// session read of the others.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn open(
        folder: &Path,
        role: Role,
        foreign: &[PathBuf],
        is_fresh: bool,
    ) -> Result<Self, OpenError> {
        let path = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError { path, source }
        };
        let synced = folder.join(SYNCED);
        if is_fresh && synced.exists() {
            fs::remove_dir_all(&synced).map_err(path(&synced))?;
        }
        if role != Role::Alone {
            fs::create_dir_all(&synced).map_err(path(&synced))?;
        }
        let main = folder.join(MAIN);
        if role == Role::Main {
            // The one of a main instance that was killed is replaced.
            store::write(folder, MAIN, &[]).map_err(|error| path(&main)(error.source))?;
        } else if main.symlink_metadata().is_ok() {
            // A main instance of this name was killed.
            fs::remove_file(&main).map_err(path(&main))?;
        }
        let foreign = foreign.iter().enumerate();
        Ok(Self {
            out: folder.parent().unwrap_or(folder).into(),
            name: folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            role,
            synced,
            peers: BTreeMap::new(),
            foreign: foreign
                .map(|(index, folder)| Foreign::new(folder, index))
                .collect(),
            known: Hashes::default(),
            round: None,
            is_rival_named: false,
        })
    }

    /// Finds out who is there and what they have that is new.
    fn begin_round(&mut self, complain: &mut dyn FnMut(&Flaw)) -> Vec<Source> {
        let others = self.others(complain);
        self.peers.retain(|name, _| others.contains(name));
        if !others.is_empty() {
            // It is told when the mark cannot be written.
            let _ = fs::create_dir_all(&self.synced);
        }
        let mut sources = Vec::new();
        for name in others {
            let (out, synced) = (&self.out, &self.synced);
            let peer = self.peers.entry(name.clone());
            let peer = peer.or_insert_with(|| Peer::new(out, &name, synced));
            peer.look(complain);
            sources.push(Source::Peer(name));
        }
        for (index, foreign) in self.foreign.iter_mut().enumerate() {
            foreign.look(complain);
            sources.push(Source::Foreign(index));
        }
        sources.reverse();
        sources
    }

    /// The instances that are read.
    fn others(&mut self, complain: &mut dyn FnMut(&Flaw)) -> Vec<String> {
        let mut others = match instances(&self.out) {
            Ok(names) => names,
            Err(source) => {
                complain(&Flaw::Folder {
                    path: self.out.clone(),
                    source,
                });
                return Vec::new();
            }
        };
        others.retain(|name| *name != self.name);
        let mut mains = others.clone();
        mains.retain(|name| self.out.join(name).join(MAIN).exists());
        if !mains.is_empty() {
            let locks = Locks::now();
            mains.retain(|name| is_in_use(&self.out.join(name), &locks));
        }
        match (self.role, mains.is_empty()) {
            (Role::Main, _) => {
                if let Some(rival) = mains.into_iter().next()
                    && !std::mem::replace(&mut self.is_rival_named, true)
                {
                    complain(&Flaw::TwoMains(rival));
                }
                others
            }
            (Role::Secondary, true) => others,
            (Role::Secondary, false) | (Role::Alone, _) => mains,
        }
    }

    fn receive_from(
        &mut self,
        source: &Source,
        complain: &mut dyn FnMut(&Flaw),
    ) -> Option<Received> {
        match source {
            Source::Peer(name) => {
                let (number, input) = self.peers.get_mut(name)?.receive(complain)?;
                Some(Received {
                    from: name.clone(),
                    source: format!("{number:06}"),
                    number,
                    input,
                })
            }
            Source::Foreign(index) => {
                let foreign = self.foreign.get_mut(*index)?;
                let (source, input) = foreign.receive(complain)?;
                Some(Received {
                    from: foreign.label.clone(),
                    source,
                    number: 0,
                    input,
                })
            }
        }
    }
}

impl Exchange for Directory {
    /// It is in the queue already, where the others find it.
    fn publish(&mut self, input: &[u8]) {
        self.known.insert(input);
    }

    fn receive(&mut self, complain: &mut dyn FnMut(&Flaw)) -> Option<Received> {
        let mut round = match self.round.take() {
            Some(round) => round,
            None => self.begin_round(complain),
        };
        while let Some(source) = round.last().cloned() {
            match self.receive_from(&source, complain) {
                Some(received) if self.known.insert(&received.input) => {
                    self.round = Some(round);
                    return Some(received);
                }
                Some(_) => {}
                None => drop(round.pop()),
            }
        }
        None
    }

    fn commit(&mut self, complain: &mut dyn FnMut(&Flaw)) {
        self.round = None;
        for foreign in &mut self.foreign {
            foreign.commit();
        }
        for (name, peer) in &mut self.peers {
            if let Err(source) = peer.commit(name, &self.synced) {
                let from = name.clone();
                complain(&Flaw::Mark { from, source });
            }
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.role == Role::Main {
            // It may be gone with the folder.
            let _ = fs::remove_file(self.out.join(&self.name).join(MAIN));
        }
    }
}

/// The folder of an instance cannot be prepared for the exchange.
#[derive(Debug, thiserror::Error)]
#[error("cannot prepare {} for the exchange of testcases: {source}", .path.display())]
pub struct OpenError {
    path: PathBuf,
    source: io::Error,
}

/// The names of the folders with a queue in an output folder, in order. Folders with names
/// that no instance may have are none.
///
/// # Errors
/// When it cannot be read.
pub fn instances(out: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(out)? {
        if let Ok(name) = entry?.file_name().into_string()
            && is_instance(&name)
            && out.join(&name).join("queue").is_dir()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a fuzzer works in `folder`: each locks its own as long as it lives. One that
/// was killed leaves its mark and its number, which may be another process's by now.
fn is_in_use(folder: &Path, locks: &Locks) -> bool {
    let statistics = store::read_text(&folder.join("fuzzer_stats"));
    let pid = statistics
        .lines()
        .find_map(|line| line.strip_prefix("fuzzer_pid"))
        .and_then(|rest| {
            rest.trim_start_matches([' ', ':'])
                .trim()
                .parse::<u32>()
                .ok()
        });
    locks.holder(folder, pid).is_some()
}

#[cfg(test)]
mod tests;
