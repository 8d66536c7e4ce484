//! A growing command line.

use crate::arguments::Argument;
use std::ffi::OsString;

/// A growing command line.
pub(super) struct Words(pub(super) Vec<Argument>);

impl Words {
    pub(super) fn add(&mut self, word: impl Into<OsString>) {
        self.0.push(Argument::Word(word.into()));
    }

    pub(super) fn all(&mut self, words: &[&str]) {
        for word in words {
            self.add(*word);
        }
    }

    pub(super) fn linker(&mut self, word: impl Into<OsString>) {
        self.add("-Xlinker");
        self.add(word);
    }
}
