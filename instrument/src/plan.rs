//! From what is known to the compiler's command line: nothing is read, written or
//! run here.
//!
//! ```text
//! macros  sanitizers  -g -O2  coverage   the user's words   linker  fragment  driver  runtime
//! `------------- compiling ----------´                      `---------- linking ----------´
//! ```
//! tine's own words stand in front where the user's shall win, and behind where
//! the order of inputs counts.

use crate::{
    Language,
    arguments::{Argument, Facts, Stage},
    compiler::{Compiler, Family},
    error::InstrumentError,
    files::Files,
    linker::{Layout, Linker},
    macros,
    settings::{Sanitizer, Settings},
    situation::{Link, LinkWith, Situation, logs_compares},
};
use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};
use tine_protocol::{layout::coverage::KEEP_AFTER_COUNTERS, routine};

mod harness;
mod words;

use words::Words;

/// clang's inline counters and their table of addresses, by the names that the
/// compiler proper has for them: the driver's -fsanitize-coverage= would link
/// clang's UBSan runtime into the program as well.
const CLANG_COVERAGE: &[&str] = &[
    "-Xclang",
    "-fsanitize-coverage-type=3",
    "-Xclang",
    "-fsanitize-coverage-inline-8bit-counters",
    "-Xclang",
    "-fsanitize-coverage-pc-table",
];

/// What `--cmplog` adds: a callback at each comparison and switch.
const CLANG_COMPARES: &[&str] = &["-Xclang", "-fsanitize-coverage-trace-cmp"];

/// A test around each callback, so that a program that does not log is hardly slower.
const CLANG_GATE: &[&str] = &["-mllvm", "-sanitizer-coverage-gated-trace-callbacks"];

/// The same of gcc.
const GCC_COMPARES: &str = "-fsanitize-coverage=trace-cmp";

/// gcc's callback at each basic block.
const GCC_COVERAGE: &str = "-fsanitize-coverage=trace-pc";

/// The command to execute.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<Argument>,
    /// Variables that the compiler is not to see.
    pub(crate) spent_variables: Vec<&'static str>,
    /// What is linked with something of tine's.
    pub(crate) links: Option<Linked>,
}

/// A file that the linker makes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Linked {
    pub(crate) file: PathBuf,
    /// It has the runtime.
    pub(crate) is_program: bool,
    pub(crate) layout: Layout,
    pub(crate) family: Family,
}

impl Plan {
    /// The compiler with the words as they are.
    pub(crate) fn unchanged(
        language: Language,
        arguments: Vec<OsString>,
        settings: &Settings,
    ) -> Result<Plan, InstrumentError> {
        let compiler = Compiler::find(language, settings)?;
        let words = compiler.leading.into_iter().chain(arguments);
        Ok(Plan {
            program: compiler.program,
            arguments: words.map(Argument::Word).collect(),
            spent_variables: Vec::new(),
            links: None,
        })
    }

    /// The command for `situation`.
    pub(crate) fn new(situation: &Situation, settings: &Settings) -> Result<Plan, InstrumentError> {
        let Situation { line, compiler, .. } = situation;
        let facts = &line.facts;
        let mut words = Words(
            compiler
                .leading
                .iter()
                .cloned()
                .map(Argument::Word)
                .collect(),
        );
        if facts.is_question || situation.is_foreign {
            words.0.extend(line.edited());
            return Ok(into_plan(words, situation, settings, None));
        }
        words.all(&facts.undo);
        if facts.preprocesses {
            let leak_sanitizer = settings.sanitizers.contains(&Sanitizer::Leak);
            for definition in macros::definitions(&facts.macros, compiler.family, leak_sanitizer) {
                words.add(definition);
            }
        }
        if facts.has_source() || facts.stage == Stage::Link {
            sanitize(&mut words, facts, compiler, settings)?;
        }
        if facts.has_source() {
            compile(&mut words, facts, settings);
        }
        if instruments(situation, settings) {
            match compiler.family {
                Family::Clang => words.all(CLANG_COVERAGE),
                Family::Gcc => words.add(GCC_COVERAGE),
            }
            for (option, list) in [
                ("-fsanitize-coverage-allowlist=", &situation.lists.allow),
                ("-fsanitize-coverage-ignorelist=", &situation.lists.deny),
            ] {
                if let Some(list) = list {
                    let mut option = OsString::from(option);
                    option.push(list);
                    words.add("-Xclang");
                    words.add(option);
                }
            }
            if logs_compares(facts, settings) && !facts.no_compares {
                compares(&mut words, situation, settings);
            }
        }
        if let Some(link) = &situation.link
            && link.linking.layout == Layout::Pages
        {
            words.linker(link.files.pages());
        }
        harness::before_inputs(&mut words, situation);
        words.0.extend(line.edited());
        let Some(link) = &situation.link else {
            return Ok(into_plan(words, situation, settings, None));
        };
        if compiler.family == Family::Gcc {
            // Modules say of themselves that their blocks call back.
            words.linker("--defsym=tine_counts_blocks=1");
        }
        self::link(&mut words, facts, link, logs_compares(facts, settings));
        let linked = Linked {
            file: facts.output_file.clone().unwrap_or("a.out".into()),
            is_program: link.with == LinkWith::Runtime,
            layout: link.linking.layout,
            family: compiler.family,
        };
        Ok(into_plan(words, situation, settings, Some(linked)))
    }

    /// The command as a line for a shell.
    pub(crate) fn to_shell(&self) -> OsString {
        let mut line = OsString::new();
        if !self.spent_variables.is_empty() {
            line.push("env ");
            for variable in &self.spent_variables {
                line.push("-u ");
                line.push(variable);
                line.push(" ");
            }
        }
        line.push(quoted(self.program.as_os_str()));
        for argument in &self.arguments {
            let words = match argument {
                Argument::Word(word) => std::slice::from_ref(word),
                Argument::Response(words) => words,
            };
            for word in words {
                line.push(" ");
                line.push(quoted(word));
            }
        }
        line
    }
}

/// Whether code comes out that shall count its edges.
fn instruments(situation: &Situation, settings: &Settings) -> bool {
    let facts = &situation.line.facts;
    if settings.no_instrument || facts.no_coverage || situation.selects_nothing {
        return false;
    }
    let compiles =
        facts.stage >= Stage::Compile && (facts.has_source() && facts.device_code.is_empty());
    // gcc instruments when it makes machine code, which with -flto is here.
    let gcc = situation.compiler.family == Family::Gcc;
    compiles || gcc && facts.lto && facts.stage == Stage::Link
}

/// Callbacks at comparisons; and functions that compare buffers are called, where the
/// compiler would do their work in place.
fn compares(words: &mut Words, situation: &Situation, settings: &Settings) {
    match situation.compiler.family {
        Family::Gcc => words.add(GCC_COMPARES),
        Family::Clang => {
            words.all(CLANG_COMPARES);
            if situation.has_gate {
                words.all(CLANG_GATE);
            }
        }
    }
    if !settings.no_builtin {
        call_compares(words);
    }
}

/// Functions that compare buffers are called.
fn call_compares(words: &mut Words) {
    for name in names(routine::BUILTIN) {
        words.add(format!("-fno-builtin-{name}"));
    }
}

/// Optimisation and debug information, unless the user chose.
fn compile(words: &mut Words, facts: &Facts, settings: &Settings) {
    if !settings.no_optimise {
        // Unoptimised code runs several times slower, and whoever says nothing
        // wants a fuzz target. Not -O3: it copies loops, and with them edges.
        if !facts.optimised {
            let level = settings.level.as_deref().unwrap_or("2");
            words.add(format!("-O{level}"));
        }
        // Coverage reports and a crash's stack need source lines. Code stays
        // the same.
        if !facts.debug_info && facts.stage >= Stage::Compile {
            words.add("-g");
        }
    }
    if settings.no_builtin {
        call_compares(words);
    }
    if settings.harden {
        words.add("-fstack-protector-all");
        if facts.preprocesses && !facts.macros.contains("_FORTIFY_SOURCE") {
            words.add("-D_FORTIFY_SOURCE=2");
        }
    }
}

/// What `AFL_USE_…` ask for and the command line does not have.
fn sanitize(
    words: &mut Words,
    facts: &Facts,
    compiler: &Compiler,
    settings: &Settings,
) -> Result<(), InstrumentError> {
    for sanitizer in &settings.sanitizers {
        let clang_only = matches!(sanitizer, Sanitizer::Memory | Sanitizer::ControlFlow);
        if clang_only && compiler.family == Family::Gcc {
            return Err(InstrumentError::NoSuchSanitizer {
                variable: sanitizer.variable(),
                compiler: compiler.path.clone(),
            });
        }
        if !facts.sanitizers.contains(sanitizer.name()) {
            words.add(format!("-fsanitize={}", sanitizer.name()));
        }
        match sanitizer {
            // Checks in the C library's headers hide what the sanitizer sees.
            Sanitizer::Address | Sanitizer::Memory if facts.preprocesses => {
                words.add("-U_FORTIFY_SOURCE");
            }
            // A finding has to end the run, or no fuzzer notices it.
            Sanitizer::Undefined => words.add("-fno-sanitize-recover=all"),
            Sanitizer::ControlFlow => {
                if !facts.lto {
                    words.add("-flto");
                }
                words.add("-fvisibility=hidden");
            }
            _ => {}
        }
    }
    if !settings.sanitizers.is_empty() && facts.has_source() && !facts.frame_pointer {
        words.add("-fno-omit-frame-pointer");
    }
    Ok(())
}

/// What stands behind the user's inputs. All of it goes by -Xlinker, which a
/// user's -x does not touch and in which a path may contain commas.
fn link(words: &mut Words, facts: &Facts, link: &Link, logs_compares: bool) {
    if let Some(option) = &link.linking.choice {
        words.add(option);
    }
    match link.linking.layout {
        Layout::Unneeded => {}
        Layout::Fragment => {
            words.linker("-T");
            words.linker(link.files.fragment());
        }
        // The object file is in front of all others, but nobody refers to it.
        Layout::Pages => words.linker(format!("--undefined={KEEP_AFTER_COUNTERS}")),
    }
    match link.with {
        LinkWith::Nothing => {}
        LinkWith::Callbacks => words.linker(link.files.shared()),
        LinkWith::Runtime => {
            if !facts.is_static {
                export(words, &link.files);
            }
            words.linker("--no-whole-archive");
            harness::behind_inputs(words, facts, link);
            // Of the driver only what is missing is taken: `main`, if nobody
            // has one. The runtime is taken whole, because nobody refers to its
            // constructor, and last, because that one is to run last.
            words.linker(link.files.driver());
            words.linker("--whole-archive");
            words.linker(link.files.runtime());
            words.linker("--no-whole-archive");
        }
    }
    if logs_compares && link.with != LinkWith::Nothing {
        hooks(words, facts, link);
    }
    if link.with == LinkWith::Runtime && facts.no_libc {
        words.add("-lc");
    }
}

/// A harness in a shared object finds the names of the macros in the program, and code
/// that was not linked by `tine-cc` those of the callbacks. Into a static program none is
/// loaded; and ld.bfd, told of a dynamic list and `--no-dynamic-linker`, leaves its
/// indirect functions for nobody to resolve.
fn export(words: &mut Words, files: &Files) {
    let mut exports = OsString::from("--dynamic-list=");
    exports.push(files.exports());
    words.linker(exports);
}

/// Calls of functions that compare buffers go to hooks, which stand behind all that may
/// call them. A function that the user wraps is left to the user.
fn hooks(words: &mut Words, facts: &Facts, link: &Link) {
    let of = |families: &'static [routine::Family]| -> Vec<&'static str> {
        names(families)
            .filter(|name| !facts.wrapped.contains(*name))
            .collect()
    };
    let wrap = |words: &mut Words, names: &[&str]| {
        for name in names {
            words.linker(format!("--wrap={name}"));
        }
    };
    let ask_for = |words: &mut Words, symbol: &str| words.linker(format!("--undefined={symbol}"));
    let is_program = link.with == LinkWith::Runtime;
    let (builtin, library, string) = (
        of(routine::BUILTIN),
        of(routine::LIBRARY),
        of(routine::STRING),
    );
    wrap(words, &builtin);
    wrap(words, &library);
    if link.linking.linker == Some(Linker::Lld) {
        wrap(words, &string);
        for name in builtin.iter().chain(&library).chain(&string) {
            ask_for(words, &format!("__wrap_{name}"));
        }
        words.linker(link.files.hooks_for_lld());
    } else {
        // A static C++ library is linked behind the hooks, and its calls of them come too
        // late. What its members compare goes to memcmp, which is asked for here.
        if !facts.static_cxx {
            wrap(words, &string);
        }
        if is_program {
            for name in &builtin {
                ask_for(words, &format!("__wrap_{name}"));
            }
        }
        // Nobody calls these by their names any more, so a library in front of the hooks
        // would keep them to itself.
        for name in &library {
            ask_for(words, name);
        }
        words.linker(link.files.hooks());
    }
    if is_program {
        ask_for(words, routine::MARK);
    } else {
        // The module's record, which the hooks look at, also where nothing else needs it.
        ask_for(words, routine::HOOK);
    }
}

fn names(families: &[routine::Family]) -> impl Iterator<Item = &'static str> {
    families
        .iter()
        .flat_map(|family| family.names.iter().copied())
}

/// The plan that `words` are the command line of.
fn into_plan(
    mut words: Words,
    situation: &Situation,
    settings: &Settings,
    links: Option<Linked>,
) -> Plan {
    if situation.compiler.is_launched() {
        // A launcher may have another process read the file.
        words.0 = words.0.into_iter().flat_map(Argument::into_words).collect();
    }
    Plan {
        program: situation.compiler.program.clone(),
        arguments: words.0,
        spent_variables: situation.spent_variables(settings),
        links,
    }
}

fn quoted(word: &OsStr) -> OsString {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./=+,:@%".contains(byte);
    if !word.is_empty() && word.as_encoded_bytes().iter().all(plain) {
        return word.to_owned();
    }
    match word.to_str() {
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")).into(),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests;
