//! What the user's command line asks for.
//!
//! [`CommandLine::read`] reads it once, without changing it; the plan then
//! says which words to leave out or replace.
//!
//! | file | what |
//! |---|---|
//! | `response`, `config`, `overrides` | words that do not stand on the command line itself |
//! | `words` | how text becomes words |
//! | `reader` | from words to [`Facts`] |
//! | `facts` | what the command line says, as far as tine has to know |
//! | `linker_words` | the same for what is meant for the linker |
//! | `coverage` | the user's own options about coverage |
//! | `options` | which options take a value, what inputs are |

mod config;
mod coverage;
mod facts;
mod linker_words;
mod options;
mod overrides;
mod reader;
pub(crate) mod response;
mod words;

use crate::{compiler::Compiler, error::InstrumentError};
pub(crate) use facts::{Architecture, Facts, Output, Source, Stage};
use reader::Reader;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
};

/// An argument for the compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// As it is.
    Word(OsString),
    /// These words, in a response file that is yet to be written: the user's own was
    /// read already and is empty now, or says something else.
    Response(Vec<OsString>),
}

impl Argument {
    /// The same without a response file.
    pub(crate) fn into_words(self) -> Vec<Argument> {
        match self {
            Argument::Word(_) => vec![self],
            Argument::Response(words) => words.into_iter().map(Argument::Word).collect(),
        }
    }
}

/// A word of the command line, and the argument that it comes from; none if it comes
/// from elsewhere.
#[derive(Debug)]
struct Word {
    of: Option<usize>,
    text: OsString,
}

/// A command line, and what it says.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// The arguments as the user gave them.
    arguments: Vec<OsString>,
    /// Those that cannot be read a second time.
    used_up: BTreeSet<usize>,
    /// The words they stand for.
    words: Vec<Word>,
    /// Words to leave out or replace.
    edits: BTreeMap<usize, Vec<OsString>>,
    pub(crate) facts: Facts,
}

impl CommandLine {
    /// Reads `arguments`, without the program's name, and the files that they name.
    /// `overrides` is the value of [`OVERRIDES`](crate::settings::OVERRIDES).
    pub(crate) fn read(
        arguments: Vec<OsString>,
        compiler: &Compiler,
        overrides: Option<&str>,
    ) -> Result<CommandLine, InstrumentError> {
        let mut used_up = BTreeSet::new();
        let mut words = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let expansion = response::expand(argument, compiler.family)?;
            if expansion.is_used_up {
                used_up.insert(index);
            }
            words.extend(expansion.words.into_iter().map(|text| (index, text)));
        }
        let (arguments, mut words) = match overrides {
            Some(edits) => {
                let words = words.into_iter().map(|(_, text)| text).collect();
                let words = overrides::apply(edits, words);
                used_up.clear();
                (words.clone(), words.into_iter().enumerate().collect())
            }
            None => (arguments, words),
        };
        let texts: Vec<OsString> = words.iter().map(|(_, text)| text.clone()).collect();
        let config = config::words(compiler, &texts)?;
        let from_config = config.into_iter().map(|text| Word { of: None, text });
        let words: Vec<Word> = from_config
            .chain(
                words
                    .drain(..)
                    .map(|(of, text)| Word { of: Some(of), text }),
            )
            .collect();
        let mut reader = Reader::new(compiler.family);
        for (index, word) in words.iter().enumerate() {
            reader.read(index, &word.text, word.of.is_some())?;
        }
        let (facts, edits) = reader.finish();
        Ok(CommandLine {
            arguments,
            used_up,
            words,
            edits,
            facts,
        })
    }

    /// The arguments for the compiler. A response file stays one argument.
    pub(crate) fn edited(&self) -> Vec<Argument> {
        let mut changed = self.used_up.clone();
        changed.extend(self.edits.keys().filter_map(|word| self.words[*word].of));
        let mut edited = Vec::new();
        for (index, argument) in self.arguments.iter().enumerate() {
            if !changed.contains(&index) {
                edited.push(Argument::Word(argument.clone()));
                continue;
            }
            let mut words = Vec::new();
            for (position, word) in self.words.iter().enumerate() {
                if word.of == Some(index) {
                    match self.edits.get(&position) {
                        Some(instead) => words.extend(instead.iter().cloned()),
                        None => words.push(word.text.clone()),
                    }
                }
            }
            if self.is_response(index) {
                edited.push(Argument::Response(words));
            } else {
                edited.extend(words.into_iter().map(Argument::Word));
            }
        }
        edited
    }

    /// The words that are options, for a question to the compiler: no inputs, nothing
    /// that writes a file, and nothing that the linker is told.
    pub(crate) fn options(&self) -> Vec<&OsStr> {
        let mut options = Vec::new();
        let mut words = self.words.iter().filter(|word| word.of.is_some());
        while let Some(word) = words.next() {
            let text = word.text.to_string_lossy();
            let value = options::takes_value(&text).then(|| words.next()).flatten();
            if options::matters_to_linking(&text) {
                options.push(word.text.as_os_str());
                options.extend(value.map(|value| value.text.as_os_str()));
            }
        }
        options
    }

    /// Whether the argument is a response file that was read.
    fn is_response(&self, index: usize) -> bool {
        let mut words = self.words.iter().filter(|word| word.of == Some(index));
        let first = words.next().map(|word| &word.text);
        words.next().is_some() || first != Some(&self.arguments[index])
    }
}

#[cfg(test)]
mod tests;
