//! Builds one target with one compiler.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};

use super::catalogue::{Build, Catalogue, Kind, System, Target};
use super::compiler::Compiler;
use super::fetch::{copy_tree, source_dir};
use super::stamp::Stamp;
use super::{Program, committed_dir, work_dir};
use crate::shell;

/// Builds a target unless its result is up to date.
pub fn target(catalogue: &Catalogue, target: &Target, compiler: &Compiler) -> Result<Vec<Program>> {
    let job = Job::new(catalogue, target, compiler);
    let programs = job.programs();
    let stamp = Stamp::of(&job.dir, catalogue, target, compiler).ok();
    let complete = programs.iter().all(|program| program.path.exists());
    if complete && stamp.is_some_and(|stamp| stamp.matches()) {
        return Ok(programs);
    }

    eprintln!(
        "building {} with {} ({})",
        target.name, compiler, target.about
    );
    if job.dir.exists() {
        fs::remove_dir_all(&job.dir)
            .with_context(|| format!("cannot remove {}", job.dir.display()))?;
    }
    fs::create_dir_all(&job.dir).with_context(|| format!("cannot create {}", job.dir.display()))?;
    match &target.build {
        None => job.build_harness()?,
        Some(build) => job.build_program(build)?,
    }
    for program in &programs {
        if !program.path.exists() {
            bail!(
                "the build ended well, but did not make {}",
                program.path.display()
            );
        }
    }
    Stamp::of(&job.dir, catalogue, target, compiler)?.write()?;
    Ok(programs)
}

struct Job<'a> {
    catalogue: &'a Catalogue,
    target: &'a Target,
    compiler: &'a Compiler,
    dir: PathBuf,
}

impl<'a> Job<'a> {
    fn new(catalogue: &'a Catalogue, target: &'a Target, compiler: &'a Compiler) -> Job<'a> {
        let dir = work_dir().join(compiler.label()).join(&target.name);
        Job {
            catalogue,
            target,
            compiler,
            dir,
        }
    }

    fn programs(&self) -> Vec<Program> {
        let name = &self.target.name;
        let program = |name: String, path: PathBuf, persistent: bool| Program {
            name,
            path,
            whole: self.target.kind == Kind::Program,
            persistent,
            deterministic: self.target.deterministic,
            arguments: self.target.arguments.clone(),
            seeds: committed_dir().join(&self.target.seeds),
            dictionary: self
                .target
                .dictionary
                .as_ref()
                .map(|file| committed_dir().join(file)),
        };
        match &self.target.build {
            Some(build) => {
                vec![program(
                    name.clone(),
                    self.dir.join("build").join(&build.program),
                    false,
                )]
            }
            None if self.compiler.main().is_some() => {
                vec![program(name.clone(), self.dir.join(name), false)]
            }
            None => vec![
                program(name.clone(), self.dir.join(name), false),
                program(
                    format!("{name}_persistent"),
                    self.dir.join(format!("{name}_persistent")),
                    true,
                ),
            ],
        }
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    fn build_harness(&self) -> Result<()> {
        let generated = self.dir.join("include");
        fs::create_dir_all(&generated)
            .with_context(|| format!("cannot create {}", generated.display()))?;
        self.copy_into(&generated)?;

        let stdin_main = match self.compiler.main() {
            Some(main) => main.to_path_buf(),
            None => committed_dir().join("common/stdin_main.c"),
        };
        let mut sources = self.sources()?;
        sources.extend(
            self.target
                .harness
                .iter()
                .map(|file| committed_dir().join(file)),
        );
        sources.push(stdin_main.clone());

        let objects = self.compile_all(&sources)?;
        let main_object = object_of(&self.dir, sources.len() - 1, &stdin_main);
        let of_library: Vec<&PathBuf> = objects
            .iter()
            .filter(|object| **object != main_object)
            .collect();

        let name = &self.target.name;
        let mut link = self.compiler.command();
        link.args(&self.catalogue.flags)
            .args(&of_library)
            .arg(&main_object);
        self.link(link, name)?;
        if self.compiler.main().is_some() {
            return Ok(());
        }

        let mut link = self.compiler.command();
        link.args(&self.catalogue.flags).args(&of_library);
        self.link(link, &format!("{name}_persistent"))
    }

    fn link(&self, mut link: Command, name: &str) -> Result<()> {
        if name.ends_with("_persistent") {
            link.arg("-fsanitize=fuzzer");
        }
        link.args(
            self.target
                .libraries
                .iter()
                .map(|library| format!("-l{library}")),
        );
        shell::run_logged(link.arg("-o").arg(self.dir.join(name)), &self.log())
    }

    /// Compiles every file on its own, as many at a time as there are cores.
    fn compile_all(&self, sources: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let objects: Vec<PathBuf> = sources
            .iter()
            .enumerate()
            .map(|(index, source)| object_of(&self.dir, index, source))
            .collect();
        let queue = Mutex::new(sources.iter().zip(&objects));
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            let worker = || -> Result<()> {
                loop {
                    let next = queue.lock().map(|mut queue| queue.next()).unwrap_or(None);
                    let Some((source, object)) = next else {
                        return Ok(());
                    };
                    let mut compile = self.compile();
                    compile.arg("-c").arg(source).arg("-o").arg(object);
                    shell::run_logged(&mut compile, &object.with_extension("log"))?;
                }
            };
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
            for thread in running {
                match thread.join() {
                    Ok(result) => result?,
                    Err(_) => bail!("a compile's thread died"),
                }
            }
            Ok(())
        })?;
        Ok(objects)
    }

    fn compile(&self) -> Command {
        let mut compile = self.compiler.command();
        compile.args(&self.catalogue.flags);
        compile.arg("-I").arg(self.dir.join("include"));
        for include in &self.target.include {
            compile.arg("-I").arg(below_package(include));
        }
        compile.args(
            self.target
                .defines
                .iter()
                .map(|define| format!("-D{define}")),
        );
        compile
    }

    fn sources(&self) -> Result<Vec<PathBuf>> {
        let excluded: Vec<PathBuf> = self
            .target
            .exclude
            .iter()
            .map(|pattern| matching(pattern))
            .collect::<Result<Vec<_>>>()?
            .concat();
        let mut files = Vec::new();
        for pattern in &self.target.sources {
            let found = matching(pattern)?;
            files.extend(found.into_iter().filter(|file| !excluded.contains(file)));
        }
        Ok(files)
    }

    /// Lets the program's own build system do it, with CC set.
    fn build_program(&self, build: &Build) -> Result<()> {
        let from = below_package(&build.directory);
        let to = self.dir.join("build");
        let jobs = thread::available_parallelism()
            .map_or(1, NonZero::get)
            .to_string();
        if let System::Cmake = build.system {
            fs::create_dir_all(&to).with_context(|| format!("cannot create {}", to.display()))?;
            let mut cmake = self.configure_step(Command::new("cmake"));
            cmake.arg("-S").arg(&from).arg("-B").arg(&to);
            // Old projects ask for policies that a new cmake no longer has.
            cmake.arg("-DCMAKE_POLICY_VERSION_MINIMUM=3.10");
            shell::run_logged(cmake.args(&build.arguments), &self.log())?;
            let mut make = Command::new("cmake");
            make.arg("--build")
                .arg(&to)
                .args(["-j", &jobs])
                .args(&build.make);
            self.compiler.apply(&mut make);
            return shell::run_logged(&mut make, &self.log());
        }

        copy_tree(&from, &to)?;
        self.copy_into(&to)?;
        if let System::Configure = build.system {
            let mut configure = self.configure_step(Command::new("sh"));
            configure
                .arg("./configure")
                .args(&build.arguments)
                .current_dir(&to);
            shell::run_logged(&mut configure, &self.log())?;
        }
        let mut make = Command::new("make");
        make.args(["-j", &jobs]).args(&build.make).current_dir(&to);
        self.compiler.apply(&mut make);
        if let System::Make = build.system {
            // A plain makefile sets CC itself; only the command line wins over that.
            make.arg(format!("CC={}", self.compiler.cc().display()))
                .args(&build.arguments);
        }
        shell::run_logged(&mut make, &self.log())
    }

    fn configure_step(&self, mut command: Command) -> Command {
        self.compiler.apply(&mut command);
        command.env("CFLAGS", self.catalogue.flags.join(" "));
        command
    }

    fn copy_into(&self, dir: &Path) -> Result<()> {
        for (name, from) in &self.target.copy {
            let from = below_package(from);
            fs::copy(&from, dir.join(name))
                .with_context(|| format!("cannot copy {}", from.display()))?;
        }
        Ok(())
    }
}

/// Two sources of one name must not share an object.
fn object_of(dir: &Path, index: usize, source: &Path) -> PathBuf {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    dir.join(format!("{index:03}-{stem}.o"))
}

/// `package/rest` as a path in the folder where the package is unpacked.
fn below_package(path: &str) -> PathBuf {
    let (package, rest) = path.split_once('/').unwrap_or((path, ""));
    source_dir(package).join(rest)
}

/// Files that a pattern names, in order; `*` stands for any part of the file name.
fn matching(pattern: &str) -> Result<Vec<PathBuf>> {
    let path = below_package(pattern);
    let dir = path.parent().unwrap_or(Path::new("/"));
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    let entries =
        fs::read_dir(dir).with_context(|| format!("cannot read the folder {}", dir.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if fits(&wanted, &name.to_string_lossy()) {
            found.push(dir.join(name));
        }
    }
    if found.is_empty() {
        bail!("`{pattern}` names no file");
    }
    found.sort();
    Ok(found)
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_part_of_a_name() {
        assert!(fits("png*.c", "png.c"));
        assert!(fits("png*.c", "pngread.c"));
        assert!(fits("sqlite3.c", "sqlite3.c"));
        assert!(!fits("png*.c", "pngread.h"));
        assert!(!fits("png*.c", "example.c"));
        assert!(!fits("ab*ba", "aba"), "the two ends must not overlap");
    }
}
