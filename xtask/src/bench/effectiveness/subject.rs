//! What is fuzzed: each target built three times, by tine-cc, by AFL++'s compiler, and
//! for the independent program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::Args;
use super::edges;
use super::planted::{self, Planted};
use super::session::Contestant;
use crate::bench::{fuzzer::Side, peer::Peer, release};
use crate::real::{self, Catalogue, Compiler};

/// The real targets that are compared on.
pub const REAL: &[&str] = &["png", "zlib", "sqlite", "lua", "expat", "yaml", "webp"];

/// A target with all that it takes to measure it.
pub struct Subject {
    pub name: String,
    pub seeds: PathBuf,
    pub tine: Contestant,
    pub afl: Contestant,
    /// Counts edges, or, for a program with planted bugs, replays crashes.
    pub judge: PathBuf,
    /// Names of the planted bugs.
    pub bugs: Option<Vec<String>>,
}

impl Subject {
    /// The contestant of a side.
    pub fn contestant(&self, side: Side) -> &Contestant {
        match side {
            Side::Tine => &self.tine,
            Side::Afl => &self.afl,
        }
    }
}

/// What is to be built.
pub struct Selection {
    planted: Planted,
    real: Vec<String>,
    programs: Vec<String>,
}

impl Selection {
    /// The named targets, or all. `real` and `planted` stand for all of a kind.
    pub fn of(names: &[String]) -> Result<Selection> {
        let planted = Planted::load()?;
        let (real, programs) = select(names, &planted)?;
        Ok(Selection {
            planted,
            real,
            programs,
        })
    }

    /// How many targets there are.
    pub fn len(&self) -> usize {
        self.real.len() + self.programs.len()
    }

    /// Builds them.
    pub fn build(&self, args: &Args, peer: Peer) -> Result<Vec<Subject>> {
        let builder = Builder::new(args, peer)?;
        let catalogue = Catalogue::load()?;
        let mut subjects = builder.build(&catalogue, &self.real, &edges::compiler()?)?;
        let catalogue = self.planted.catalogue(catalogue.flags);
        let mut hunted = builder.build(&catalogue, &self.programs, &planted::replayer()?)?;
        for subject in &mut hunted {
            let mut programs = self.planted.programs.iter();
            let program = programs.find(|program| program.name == subject.name);
            subject.bugs = program.map(planted::Program::bugs);
        }
        subjects.append(&mut hunted);
        Ok(subjects)
    }
}

/// Real targets and programs with planted bugs, each once.
fn select(names: &[String], planted: &Planted) -> Result<(Vec<String>, Vec<String>)> {
    let known_real: Vec<String> = REAL.iter().map(|&name| name.into()).collect();
    let known_planted: Vec<String> = planted.programs.iter().map(|p| p.name.clone()).collect();
    if names.is_empty() {
        return Ok((known_real, known_planted));
    }
    let (mut real, mut programs) = (Vec::new(), Vec::new());
    for name in names {
        if name == "real" {
            real.extend(known_real.iter().cloned());
        } else if name == "planted" {
            programs.extend(known_planted.iter().cloned());
        } else if known_real.contains(name) {
            real.push(name.clone());
        } else if known_planted.contains(name) {
            programs.push(name.clone());
        } else {
            bail!(
                "`{name}` is no target of this measurement; there are: real ({}), planted ({})",
                known_real.join(", "),
                known_planted.join(", ")
            );
        }
    }
    for names in [&mut real, &mut programs] {
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
    }
    Ok((real, programs))
}

struct Builder {
    tine: PathBuf,
    afl_fuzz: PathBuf,
    ours: Compiler,
    theirs: Compiler,
    cmplog: Option<Cmplog>,
}

/// The compilers of the programs that log compares.
struct Cmplog {
    ours: Compiler,
    theirs: Compiler,
}

impl Builder {
    fn new(args: &Args, peer: Peer) -> Result<Builder> {
        let release = match &args.tine {
            Some(folder) => folder.clone(),
            None => release()?,
        };
        let log = match args.cmplog {
            true => Some(Cmplog {
                ours: peer
                    .tine_cc(&release, "-cmplog")?
                    .with_env("AFL_LLVM_CMPLOG", "1"),
                theirs: peer.compiler("-cmplog")?.with_env("AFL_LLVM_CMPLOG", "1"),
            }),
            false => None,
        };
        Ok(Builder {
            tine: release.join("tine"),
            afl_fuzz: peer.program("afl-fuzz")?,
            ours: peer.tine_cc(&release, "")?,
            theirs: peer.compiler("")?,
            cmplog: log,
        })
    }

    fn build(
        &self,
        catalogue: &Catalogue,
        names: &[String],
        judge: &Compiler,
    ) -> Result<Vec<Subject>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let persistent = |compiler: &Compiler| {
            let programs = real::build(catalogue, names, compiler)?;
            anyhow::Ok(programs.into_iter().filter(|program| program.persistent))
        };
        let cmplog = |compiler: Option<&Compiler>| match compiler {
            Some(compiler) => anyhow::Ok(persistent(compiler)?.map(|p| Some(p.path)).collect()),
            None => Ok(vec![None; names.len()]),
        };
        let ours = persistent(&self.ours)?.zip(cmplog(self.cmplog.as_ref().map(|c| &c.ours))?);
        let theirs =
            persistent(&self.theirs)?.zip(cmplog(self.cmplog.as_ref().map(|c| &c.theirs))?);
        let judges = real::build(catalogue, names, judge)?;
        let contestant = |side: Side, fuzzer: &Path, target: PathBuf, cmplog| Contestant {
            side,
            fuzzer: fuzzer.into(),
            target,
            cmplog,
        };
        let all = ours.zip(theirs).zip(judges);
        Ok(all
            .map(|(((tine, tine_log), (afl, afl_log)), judge)| Subject {
                name: judge.name,
                seeds: judge.seeds,
                tine: contestant(Side::Tine, &self.tine, tine.path, tine_log),
                afl: contestant(Side::Afl, &self.afl_fuzz, afl.path, afl_log),
                judge: judge.path,
                bugs: None,
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    #[test]
    fn targets_are_named_one_by_one_or_by_kind() {
        let count = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
            Selection::of(&names).map(|selection| selection.len())
        };
        let all = count(&[]).expect("all");
        let real = count(&["real"]).expect("all real ones");
        let planted = count(&["planted"]).expect("all planted ones");
        assert!(real >= 6 && planted >= 1, "{real} and {planted}");
        assert_eq!(all, real + planted);
        assert_eq!(
            count(&["png", "magic", "png"]).expect("two"),
            2,
            "each once"
        );
        let error = count(&["png", "nothing"]).expect_err("no such target");
        assert!(error.to_string().contains("`nothing`"), "{error}");
    }
}
