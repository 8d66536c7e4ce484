//! What the user's command line asks for.
//!
//! [`CommandLine::parse`] reads it once, without changing it; the plan then
//! says which words to leave out or replace.

mod options;
mod response;

use crate::error::InstrumentError;
use options::Input;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

/// How far the compiler goes, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// `-E`, `-M`, `-MM`: the preprocessor only.
    Preprocess,
    /// `-fsyntax-only` and the like: no code comes out.
    Check,
    /// `-S`, `-c`, or a precompiled header.
    Compile,
    /// To the end.
    #[default]
    Link,
}

/// What the linker makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Output {
    /// A program.
    #[default]
    Program,
    /// `-shared`.
    SharedObject,
    /// `-r`: one object file of several.
    Relocatable,
}

/// What the command line says, as far as tine has to know.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The compiler is asked about itself, or has nothing to work on.
    pub(crate) is_question: bool,
    pub(crate) stage: Stage,
    pub(crate) output: Output,
    /// Where it goes, if the user said so.
    pub(crate) output_file: Option<PathBuf>,
    /// Some input goes through the preprocessor.
    pub(crate) preprocesses: bool,
    /// Some input is C, C++ or Objective-C.
    pub(crate) has_source: bool,
    /// The user said `-g…`.
    pub(crate) debug_info: bool,
    /// The user said `-O…`.
    pub(crate) optimised: bool,
    /// The user said `-f[no-]omit-frame-pointer`.
    pub(crate) frame_pointer: bool,
    /// `-flto` is on.
    pub(crate) lto: bool,
    /// The linker that the user chose.
    pub(crate) linker: Option<String>,
    /// `-nostdlib` or a relative of it: no C library unless it is named.
    pub(crate) no_libc: bool,
    /// The program loads no shared object.
    pub(crate) is_static: bool,
    /// The C++ library, at least, is linked statically.
    pub(crate) static_cxx: bool,
    /// `-lc` is there.
    pub(crate) names_libc: bool,
    /// Linker scripts that the user gave with `-T`.
    pub(crate) scripts: Vec<OsString>,
    /// The option that asks for an architecture other than x86-64.
    pub(crate) foreign_architecture: Option<String>,
    /// `-fno-sanitize-coverage=…`: this file is not to be instrumented.
    pub(crate) no_coverage: bool,
    /// `--cmplog`, which is tine's own: comparisons can be logged.
    pub(crate) cmplog: bool,
    /// `-fsanitize=fuzzer`: a harness is there, maybe in a library.
    pub(crate) fuzzer: bool,
    /// Sanitizers that the user asked for.
    pub(crate) sanitizers: BTreeSet<String>,
    /// Macros that the user defines.
    pub(crate) macros: BTreeSet<String>,
}

/// A command line, and what it says.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// The arguments as the user gave them.
    arguments: Vec<OsString>,
    /// The words they stand for, each with the index of its argument.
    words: Vec<(usize, OsString)>,
    /// Words to leave out or replace.
    edits: BTreeMap<usize, Vec<OsString>>,
    pub(crate) facts: Facts,
}

impl CommandLine {
    /// Reads `arguments`, without the program's name.
    pub(crate) fn parse(arguments: Vec<OsString>) -> Result<CommandLine, InstrumentError> {
        let mut words = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            words.extend(
                response::expand(argument)?
                    .into_iter()
                    .map(|word| (index, word)),
            );
        }
        let mut reader = Reader::default();
        for (index, (_, word)) in words.iter().enumerate() {
            reader.read(index, word);
        }
        let (facts, edits) = reader.finish();
        Ok(CommandLine {
            arguments,
            words,
            edits,
            facts,
        })
    }

    /// The arguments for the compiler. A response file stays one argument unless
    /// a word inside it had to change.
    pub(crate) fn edited(&self) -> Vec<OsString> {
        let changed: BTreeSet<usize> = self.edits.keys().map(|word| self.words[*word].0).collect();
        let mut edited = Vec::new();
        for (index, argument) in self.arguments.iter().enumerate() {
            if !changed.contains(&index) {
                edited.push(argument.clone());
                continue;
            }
            for (position, (of, word)) in self.words.iter().enumerate() {
                if *of == index {
                    match self.edits.get(&position) {
                        Some(instead) => edited.extend(instead.iter().cloned()),
                        None => edited.push(word.clone()),
                    }
                }
            }
        }
        edited
    }
}

/// The value of an option that stands in the same word.
fn joined<'word>(word: &'word OsStr, option: &str) -> Option<&'word OsStr> {
    let value = word.as_bytes().strip_prefix(option.as_bytes())?;
    (!value.is_empty()).then(|| OsStr::from_bytes(value))
}

/// Reads words one after another.
#[derive(Default)]
struct Reader {
    facts: Facts,
    edits: BTreeMap<usize, Vec<OsString>>,
    /// The option that waits for its value.
    pending: Option<String>,
    language: Option<String>,
    only_inputs: bool,
    inputs: Vec<Input>,
    /// What the linker will be told by `-Wl,` and `-Xlinker`.
    linker_words: Vec<String>,
    question: bool,
}

impl Reader {
    fn read(&mut self, index: usize, word: &OsStr) {
        let text = word.to_string_lossy();
        if let Some(option) = self.pending.take() {
            if matches!(option.as_str(), "-o" | "--output") {
                self.facts.output_file = Some(word.into());
            }
            self.option_with_value(&option, &text);
        } else if self.only_inputs {
            self.input(&text);
            if text.starts_with('-') {
                // What kept it from being an option, `--`, is left out.
                let mut path = OsString::from("./");
                path.push(word);
                self.edits.insert(index, vec![path]);
            }
        } else if text == "--" {
            // What tine adds has to stand behind the inputs, where it would be
            // taken for more of them.
            self.only_inputs = true;
            self.edits.insert(index, Vec::new());
        } else if text == "-" || !text.starts_with('-') {
            self.input(&text);
        } else if options::takes_value(&text) {
            self.pending = Some(text.into_owned());
        } else {
            if let Some(file) = joined(word, "--output=").or_else(|| joined(word, "-o")) {
                self.facts.output_file = Some(file.into());
            }
            self.option(index, &text);
        }
    }

    fn input(&mut self, name: &str) {
        self.inputs
            .push(options::classify(self.language.as_deref(), name));
    }

    /// An option whose value stood in the next word.
    fn option_with_value(&mut self, option: &str, value: &str) {
        match option {
            "-x" | "--language" => self.set_language(value),
            "-D" | "--define-macro" => self.define(value),
            "-l" => self.library(value),
            "-T" => self.facts.scripts.push(value.into()),
            "-z" => self
                .linker_words
                .extend(["-z".to_owned(), value.to_owned()]),
            "-Xlinker" | "--for-linker" => self.linker_words.push(value.to_owned()),
            "-target" => self.triple(option, value),
            _ => {}
        }
    }

    /// An option that stands for itself, or whose value is joined to it.
    fn option(&mut self, index: usize, text: &str) {
        if options::is_question(text) {
            self.question = true;
            return;
        }
        match text {
            "-E" | "--preprocess" | "-M" | "-MM" | "--dependencies" | "--user-dependencies" => {
                self.stop_at(Stage::Preprocess);
            }
            "-fsyntax-only" | "--analyze" | "-emit-ast" => self.stop_at(Stage::Check),
            "-c" | "-S" | "--compile" | "--assemble" | "--precompile" => {
                self.stop_at(Stage::Compile);
            }
            "-shared" | "--shared" => self.facts.output = Output::SharedObject,
            "-r" => self.facts.output = Output::Relocatable,
            "-nostdlib" | "--no-standard-libraries" | "-nodefaultlibs" | "-nolibc" => {
                self.facts.no_libc = true;
            }
            "-static-libstdc++" => self.facts.static_cxx = true,
            "-static" | "--static" | "-static-pie" => {
                self.facts.is_static = true;
                self.facts.static_cxx = true;
            }
            "-m32" | "-mx32" | "-m16" => self.facts.foreign_architecture = Some(text.to_owned()),
            "--cmplog" => {
                self.facts.cmplog = true;
                self.edits.insert(index, Vec::new());
            }
            "-m64" => self.facts.foreign_architecture = None,
            "-fno-lto" => self.facts.lto = false,
            "-fomit-frame-pointer" | "-fno-omit-frame-pointer" => self.facts.frame_pointer = true,
            _ => self.option_by_prefix(index, text),
        }
    }

    fn option_by_prefix(&mut self, index: usize, text: &str) {
        let with = |prefix: &str| text.strip_prefix(prefix);
        if let Some(list) = with("-fsanitize=") {
            self.sanitize(index, "-fsanitize=", list);
        } else if let Some(list) = with("-fno-sanitize=") {
            self.no_sanitize(index, list);
        } else if let Some(rest) = with("-fsanitize-coverage") {
            self.coverage(index, rest);
        } else if with("-fno-sanitize-coverage").is_some() {
            self.facts.no_coverage = true;
            self.edits.insert(index, Vec::new());
        } else if text == "-flto" || with("-flto=").is_some() {
            self.facts.lto = true;
        } else if let Some(linker) = with("-fuse-ld=").or_else(|| with("--ld-path=")) {
            self.facts.linker = Some(linker.to_owned());
        } else if let Some(words) = with("-Wl,") {
            self.linker_words
                .extend(words.split(',').map(str::to_owned));
        } else if let Some(triple) = with("--target=") {
            self.triple("--target", triple);
        } else if let Some(value) = with("--language=").or_else(|| with("-x")) {
            self.set_language(value);
        } else if let Some(value) = with("-D").or_else(|| with("--define-macro=")) {
            self.define(value);
        } else if let Some(library) = with("-l") {
            self.library(library);
        } else if let Some(script) = with("-T") {
            if is_script(script) {
                self.facts.scripts.push(script.into());
            }
        } else if with("-O").is_some() {
            self.facts.optimised = true;
        } else if with("-g").is_some_and(is_debug_level) {
            self.facts.debug_info = true;
        }
    }

    /// Of several such options the one that stops first counts.
    fn stop_at(&mut self, stage: Stage) {
        self.facts.stage = self.facts.stage.min(stage);
    }

    fn set_language(&mut self, language: &str) {
        self.language = (language != "none").then(|| language.to_owned());
    }

    fn define(&mut self, definition: &str) {
        let end = definition.find(['=', '(']).unwrap_or(definition.len());
        self.facts.macros.insert(definition[..end].to_owned());
    }

    fn library(&mut self, name: &str) {
        self.facts.names_libc |= matches!(name, "c" | ":libc.a" | ":libc.so.6");
        self.inputs.push(Input::Object);
    }

    fn triple(&mut self, option: &str, triple: &str) {
        let architecture = triple.split('-').next().unwrap_or_default();
        let fits = matches!(architecture, "x86_64" | "amd64") && !triple.ends_with("x32");
        self.facts.foreign_architecture = (!fits).then(|| format!("{option} {triple}"));
    }

    /// libFuzzer's engine and its coverage are replaced by tine's.
    fn sanitize(&mut self, index: usize, option: &str, list: &str) {
        let (fuzzer, others): (Vec<&str>, Vec<&str>) = list
            .split(',')
            .partition(|name| matches!(*name, "fuzzer" | "fuzzer-no-link"));
        self.facts
            .sanitizers
            .extend(others.iter().map(|name| (*name).to_owned()));
        self.facts.fuzzer |= fuzzer.contains(&"fuzzer");
        if !fuzzer.is_empty() {
            let left = (!others.is_empty()).then(|| format!("{option}{}", others.join(",")));
            self.edits
                .insert(index, left.into_iter().map(OsString::from).collect());
        }
    }

    fn no_sanitize(&mut self, index: usize, list: &str) {
        for name in list.split(',') {
            self.facts.sanitizers.remove(name);
            self.facts.fuzzer &= name != "fuzzer";
            if name == "all" {
                self.facts.sanitizers.clear();
            }
        }
        let kept: Vec<&str> = list
            .split(',')
            .filter(|name| !matches!(*name, "fuzzer" | "fuzzer-no-link"))
            .collect();
        if kept.len() != list.split(',').count() {
            let left = (!kept.is_empty()).then(|| format!("-fno-sanitize={}", kept.join(",")));
            self.edits
                .insert(index, left.into_iter().map(OsString::from).collect());
        }
    }

    /// The user's own choice of coverage would call functions that only its own
    /// engine has. Lists of what to instrument are kept, in the spelling that
    /// does not need the option they belong to.
    fn coverage(&mut self, index: usize, rest: &str) {
        let list = rest.split_once('=').and_then(|(name, file)| match name {
            "-allowlist" | "-whitelist" => Some(format!("-fsanitize-coverage-allowlist={file}")),
            "-ignorelist" | "-blacklist" => Some(format!("-fsanitize-coverage-ignorelist={file}")),
            _ => None,
        });
        let instead = list.map_or(Vec::new(), |list| vec!["-Xclang".into(), list.into()]);
        self.edits.insert(index, instead);
    }

    fn finish(mut self) -> (Facts, BTreeMap<usize, Vec<OsString>>) {
        let words = std::mem::take(&mut self.linker_words);
        self.read_linker_words(&words);
        let mut facts = self.facts;
        facts.is_question = self.question || self.inputs.is_empty();
        facts.preprocesses = self
            .inputs
            .iter()
            .any(|input| matches!(input, Input::Source | Input::Header));
        facts.has_source = facts.preprocesses || self.inputs.contains(&Input::Preprocessed);
        let only_headers = self.inputs.iter().all(|input| *input == Input::Header);
        if facts.stage == Stage::Link && only_headers {
            facts.stage = Stage::Compile;
        }
        (facts, self.edits)
    }

    fn read_linker_words(&mut self, words: &[String]) {
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "-shared" | "--shared" | "-Bshareable" => {
                    self.facts.output = Output::SharedObject;
                }
                "-r" | "-i" | "-Ur" | "--relocatable" => self.facts.output = Output::Relocatable,
                "-T" | "--script" | "-script" | "-dT" | "--default-script" => {
                    self.facts.scripts.extend(words.next().map(OsString::from));
                }
                "-lc" => self.facts.names_libc = true,
                _ => {
                    let script = ["--script=", "-script="]
                        .iter()
                        .find_map(|option| word.strip_prefix(option))
                        .or_else(|| word.strip_prefix("-T").filter(|script| is_script(script)));
                    self.facts.scripts.extend(script.map(OsString::from));
                }
            }
        }
    }
}

/// Whether what is joined to `-T` is a script: `-Ttext=0x…`, `-Tdata=…` and so on
/// move a section.
fn is_script(joined: &str) -> bool {
    !["text", "data", "bss", "rodata", "ldata"]
        .iter()
        .any(|section| joined.starts_with(section))
}

/// Whether what follows `-g` chooses how much debug information there is, and
/// not just its form.
fn is_debug_level(rest: &str) -> bool {
    !["cc-", "no-", "z", "record-", "embed-", "simple-", "strict-"]
        .iter()
        .any(|form| rest.starts_with(form))
}

#[cfg(test)]
mod tests;
