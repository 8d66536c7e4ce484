//! Building the sample targets, once for each compiler.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::built;
use crate::compiler::Compiler;
use crate::data::{self, TargetData};
use crate::workbench::Workbench;

/// A target that was built.
#[derive(Debug)]
pub struct Built {
    /// What it does.
    pub data: &'static TargetData,
    /// By which compiler.
    pub compiler: Compiler,
    folder: PathBuf,
}

impl Built {
    /// The executable file.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.folder.join(&self.data.name)
    }

    /// Its arguments on a fuzzer's command line.
    #[must_use]
    pub fn args(&self) -> Vec<String> {
        match self.data.input {
            data::InputRoute::File => vec!["@@".into()],
            data::InputRoute::Stdin | data::InputRoute::Shm => Vec::new(),
        }
    }
}

impl Workbench {
    /// Builds the target of this name with `tine-cc` or `tine-c++`, unless that
    /// was done before.
    ///
    /// # Panics
    /// If it does not build.
    #[must_use]
    #[track_caller]
    pub fn target(&self, name: &str, compiler: &Compiler) -> Built {
        self.try_target(name, compiler)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same; a target that does not build is an error with the compiler's
    /// messages.
    ///
    /// # Errors
    /// If the compiler fails.
    ///
    /// # Panics
    /// If there is no such target, or its folder can't be written.
    pub fn try_target(&self, name: &str, compiler: &Compiler) -> Result<Built, String> {
        let data = data::target(name);
        let parent = built::kept().join("targets").join(compiler.name());
        let built = Built {
            data,
            compiler: compiler.clone(),
            folder: parent.join(name),
        };
        fs::create_dir_all(&parent).expect("a folder for built targets");
        // Held until the end: other tests, also those of other test programs,
        // wait instead of building the same.
        let lock = File::create(parent.join(format!("{name}.lock"))).expect("a lock file");
        lock.lock().expect("a file lock");

        let stamp = stamp(data, compiler);
        if fs::read_to_string(built.folder.join("stamp")).is_ok_and(|it| it == stamp) {
            return Ok(built);
        }
        // Whole or not at all: a build that is broken off leaves no program.
        let fresh = tempfile::tempdir_in(&parent).expect("a folder to build in");
        self.build_target(data, compiler, fresh.path())?;
        fs::write(fresh.path().join("stamp"), stamp).expect("the stamp");
        if built.folder.exists() {
            fs::remove_dir_all(&built.folder).expect("remove the outdated build");
        }
        fs::rename(fresh.keep(), &built.folder).expect("put the build into place");
        Ok(built)
    }

    fn build_target(
        &self,
        data: &TargetData,
        compiler: &Compiler,
        folder: &Path,
    ) -> Result<(), String> {
        for library in &data.libraries {
            let output = folder.join(format!("lib{}.so", library.name));
            self.run_compiler(data, compiler, &library.sources, |runner| {
                runner.args(["-shared", "-fPIC"]).arg("-o").arg(output)
            })?;
        }
        self.run_compiler(data, compiler, &data.sources, |mut runner| {
            if !data.libraries.is_empty() {
                let names = data
                    .libraries
                    .iter()
                    .map(|library| format!("-l{}", library.name));
                runner = runner
                    .arg("-L")
                    .arg(folder)
                    .args(names)
                    .arg("-Wl,-rpath,$ORIGIN");
            }
            runner.arg("-o").arg(folder.join(&data.name))
        })
    }

    fn run_compiler<'b>(
        &'b self,
        data: &TargetData,
        compiler: &Compiler,
        sources: &[String],
        output: impl FnOnce(crate::Runner<'b>) -> crate::Runner<'b>,
    ) -> Result<(), String> {
        let wrapper = match (compiler.by_tine, data.is_cxx()) {
            (true, false) => self.tine_cc(),
            (true, true) => self.tine_cxx(),
            (false, false) => self.program(&compiler.cc),
            (false, true) => self.program(&compiler.cxx),
        };
        let mut runner = wrapper
            .env("TINE_CC", &compiler.cc)
            .env("TINE_CXX", &compiler.cxx)
            .args(["-g", "-Wall", "-Wextra"])
            .args(&data.flags)
            .args(sources.iter().map(|source| data::folder().join(source)));
        if !compiler.by_tine && !data.has_main() {
            // tine-cc sees by itself that there is no main().
            runner = runner.arg("-fsanitize=fuzzer");
        }
        let done = output(runner).run();
        if done.code() == Some(0) {
            Ok(())
        } else {
            Err(done.to_string())
        }
    }
}

/// Changes whenever the program would.
fn stamp(data: &TargetData, compiler: &Compiler) -> String {
    let mut hasher = DefaultHasher::new();
    let libraries = data.libraries.iter().flat_map(|library| &library.sources);
    for source in data.sources.iter().chain(libraries) {
        let path = data::folder().join(source);
        fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            .hash(&mut hasher);
    }
    data.flags.hash(&mut hasher);
    let wrapper = built::program("tine-cc");
    for program in [&wrapper, &compiler.cc] {
        let metadata =
            fs::metadata(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        metadata.len().hash(&mut hasher);
        metadata
            .modified()
            .expect("a file has a time")
            .hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}
