//! From words to [`Facts`].

use super::{
    Architecture, Facts, Output, Source, Stage,
    coverage::{self, Coverage},
    linker_words,
    options::{self, Input},
    response,
};
use crate::{compiler::Family, error::InstrumentError};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
};

/// Reads words one after another.
pub(super) struct Reader {
    family: Family,
    facts: Facts,
    edits: BTreeMap<usize, Vec<OsString>>,
    coverage: Coverage,
    /// The option that waits for its value.
    pending: Option<String>,
    language: Option<String>,
    only_inputs: bool,
    inputs: Vec<Input>,
    /// What the linker will be told by `-Wl,` and `-Xlinker`.
    linker_words: Vec<OsString>,
    question: bool,
}

impl Reader {
    pub(super) fn new(family: Family) -> Reader {
        Reader {
            family,
            facts: Facts::default(),
            edits: BTreeMap::new(),
            coverage: Coverage::default(),
            pending: None,
            language: None,
            only_inputs: false,
            inputs: Vec::new(),
            linker_words: Vec::new(),
            question: false,
        }
    }

    /// Reads a word. `is_users`: it stands on the command line, and can be changed.
    pub(super) fn read(
        &mut self,
        index: usize,
        word: &OsStr,
        is_users: bool,
    ) -> Result<(), InstrumentError> {
        let text = word.to_string_lossy();
        if let Some(option) = self.pending.take() {
            self.option_with_value(index, &option, word)?;
        } else if self.only_inputs {
            self.input(word);
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
            self.input(word);
        } else if options::takes_value(&text) {
            self.pending = Some(text.into_owned());
        } else if let Some(words) = word.as_bytes().strip_prefix(b"-Wl,") {
            self.for_linker(index, words)?;
        } else if let Some(words) = text.strip_prefix("-Wp,") {
            self.for_preprocessor(words);
        } else {
            if let Some(file) = joined(word, "--output=").or_else(|| joined(word, "-o")) {
                self.facts.output_file = Some(file.into());
            }
            self.option(index, &text);
        }
        if !is_users && self.edits.remove(&index).is_some() {
            self.undo(&word.to_string_lossy());
        }
        Ok(())
    }

    /// What a configuration file asks for and tine replaces is taken back.
    fn undo(&mut self, word: &str) {
        self.facts.undo.push(if word.starts_with("-fsanitize=") {
            "-fno-sanitize=fuzzer,fuzzer-no-link"
        } else {
            coverage::NONE
        });
    }

    fn input(&mut self, name: &OsStr) {
        let input = options::classify(self.language.as_deref(), &name.to_string_lossy());
        match input {
            Input::Source | Input::Module | Input::Preprocessed => {
                self.facts.sources.push(Source {
                    name: name.to_owned(),
                    is_preprocessed: input == Input::Preprocessed,
                });
            }
            Input::Device => self.facts.device_code.push(name.to_owned()),
            _ => {}
        }
        self.inputs.push(input);
    }

    /// An option whose value stood in the next word.
    fn option_with_value(
        &mut self,
        index: usize,
        option: &str,
        word: &OsStr,
    ) -> Result<(), InstrumentError> {
        let value = &*word.to_string_lossy();
        match option {
            "-o" | "--output" => self.facts.output_file = Some(word.into()),
            "-x" | "--language" => self.set_language(value),
            "-D" | "--define-macro" => self.define(value),
            "-l" => self.library(value),
            "-T" => self.facts.scripts.push(word.into()),
            "-z" => self.linker_words.extend(["-z".into(), word.to_owned()]),
            "-Xlinker" | "--for-linker" => {
                let expansion = self.linkers_view(word)?;
                if expansion.is_used_up {
                    // The `-Xlinker` before it stays, and needs a word.
                    let mut instead = through_driver(expansion.words);
                    if instead.is_empty() {
                        instead.push("@/dev/null".into());
                    } else {
                        instead.remove(0);
                    }
                    self.edits.insert(index, instead);
                }
            }
            "-Xpreprocessor" => self.for_preprocessor(value),
            "-target" => self.triple(option, value),
            _ => {}
        }
        Ok(())
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
            "-m32" | "-mx32" | "-m16" => {
                self.facts.architecture = Architecture::Foreign(text.to_owned());
            }
            "-m64" => self.facts.architecture = Architecture::Fits,
            "--cmplog" => {
                self.facts.cmplog = true;
                self.edits.insert(index, Vec::new());
            }
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
        } else if let Some(rest) = with("-fno-sanitize-coverage") {
            self.coverage.take_back(rest.trim_start_matches('='));
            self.edits.insert(index, Vec::new());
        } else if text == "-flto" || with("-flto=").is_some() {
            self.facts.lto = true;
        } else if with("-fuse-ld=").or_else(|| with("--ld-path=")).is_some() {
            self.facts.chooses_linker = true;
        } else if let Some(triple) = with("--target=") {
            self.triple("--target", triple);
        } else if let Some(value) = with("--language=").or_else(|| with("-x")) {
            self.set_language(value);
        } else if let Some(value) = with("-D").or_else(|| with("--define-macro=")) {
            self.define(value);
        } else if let Some(library) = with("-l") {
            self.library(library);
        } else if let Some(script) = with("-T") {
            if linker_words::is_script(OsStr::new(script)) {
                self.facts.scripts.push(script.into());
            }
        } else if with("-O").or_else(|| with("--optimize")).is_some() {
            self.facts.optimised = true;
        } else if with("-g").is_some_and(is_debug_level) || with("--debug").is_some() {
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
        self.facts.architecture = if fits {
            Architecture::Fits
        } else {
            Architecture::Foreign(format!("{option} {triple}"))
        };
    }

    /// `-Wp,WORD,WORD`.
    fn for_preprocessor(&mut self, words: &str) {
        for word in words.split(',') {
            if let Some(definition) = word.strip_prefix("-D") {
                self.define(definition);
            }
        }
    }

    /// `-Wl,WORD,WORD`.
    fn for_linker(&mut self, index: usize, words: &[u8]) -> Result<(), InstrumentError> {
        let mut all = Vec::new();
        let mut is_used_up = false;
        for word in words.split(|byte| *byte == b',') {
            let words = self.linkers_view(OsStr::from_bytes(word))?;
            is_used_up |= words.is_used_up;
            all.extend(words.words);
        }
        if is_used_up {
            self.edits.insert(index, through_driver(all));
        }
        Ok(())
    }

    /// What the linker makes of a word. Linkers read response files as well, and so does
    /// gcc's `collect2` in front of them.
    fn linkers_view(&mut self, word: &OsStr) -> Result<response::Expansion, InstrumentError> {
        // lld reads pipes, whichever compiler runs it. For others a pipe is of no use.
        let expansion = response::expand(word, Family::Clang)?;
        self.linker_words.extend(expansion.words.iter().cloned());
        Ok(expansion)
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
        if list.is_none() {
            self.coverage.add(rest.trim_start_matches('='));
        }
        let instead = list
            // gcc has no such lists.
            .filter(|_| self.family == Family::Clang)
            .map_or(Vec::new(), |list| vec!["-Xclang".into(), list.into()]);
        self.edits.insert(index, instead);
    }

    /// What was read, and the words to change.
    pub(super) fn finish(mut self) -> (Facts, BTreeMap<usize, Vec<OsString>>) {
        linker_words::read(&self.linker_words, &mut self.facts);
        let mut facts = self.facts;
        facts.no_coverage = self.coverage.is_none();
        facts.no_compares = self.coverage.has_no_compares();
        facts.is_question = self.question || self.inputs.is_empty();
        facts.preprocesses = self
            .inputs
            .iter()
            .any(|input| matches!(input, Input::Source | Input::Header));
        let only_headers = self.inputs.iter().all(|input| *input == Input::Header);
        if facts.stage == Stage::Link && only_headers {
            facts.stage = Stage::Compile;
        }
        (facts, self.edits)
    }
}

/// The value of an option that stands in the same word.
fn joined<'word>(word: &'word OsStr, option: &str) -> Option<&'word OsStr> {
    let value = word.as_bytes().strip_prefix(option.as_bytes())?;
    (!value.is_empty()).then(|| OsStr::from_bytes(value))
}

/// Words for the linker, each by an option of its own: they may contain commas.
fn through_driver(words: Vec<OsString>) -> Vec<OsString> {
    let each = |word| ["-Xlinker".into(), word];
    words.into_iter().flat_map(each).collect()
}

/// Whether what follows `-g` chooses how much debug information there is, and
/// not just its form.
fn is_debug_level(rest: &str) -> bool {
    !["cc-", "no-", "z", "record-", "embed-", "simple-", "strict-"]
        .iter()
        .any(|form| rest.starts_with(form))
}
