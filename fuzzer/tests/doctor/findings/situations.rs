//! Situations as people report them, and what the doctor is to say of each.

mod file;
mod handshake;
mod limit;
mod run;
mod start;

pub use file::FILE;
pub use handshake::HANDSHAKE;
pub use limit::LIMIT;
pub use run::RUN;
pub use start::START;

/// A situation.
pub struct Situation {
    /// What is wrong.
    pub name: &'static str,
    /// Files that are written first: name, content.
    pub files: &'static [(&'static str, &'static [u8])],
    /// Commands that are run then, in the test's folder.
    pub build: &'static [&'static str],
    /// Variables for the doctor.
    pub variables: &'static [(&'static str, &'static str)],
    /// The doctor's arguments.
    pub line: &'static str,
    /// The finding that has to be there,
    pub id: &'static str,
    /// at this level,
    pub level: &'static str,
    /// with this in what it says.
    pub text: &'static str,
}

impl Situation {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            files: &[],
            build: &["tine-cc -o prog prog.c"],
            variables: &[],
            line: "-- ./prog",
            id: "",
            level: "ok",
            text: "",
        }
    }

    const fn source(mut self, files: &'static [(&'static str, &'static [u8])]) -> Self {
        self.files = files;
        self
    }

    const fn build(mut self, build: &'static [&'static str]) -> Self {
        self.build = build;
        self
    }

    const fn with(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = variables;
        self
    }

    const fn line(mut self, line: &'static str) -> Self {
        self.line = line;
        self
    }

    const fn is(mut self, id: &'static str, level: &'static str, text: &'static str) -> Self {
        self.id = id;
        self.level = level;
        self.text = text;
        self
    }
}

/// Reads standard input and does something with it.
const READS: &[u8] = b"#include <stdio.h>\n\
    int main(void) { int c = getchar(); if (c == 't') return 1; if (c == '>') return 2; return 0; }\n";

/// A short limit, so that a hang is soon found.
const SOON: &[(&str, &str)] = &[("AFL_FORKSRV_INIT_TMOUT", "2500")];

/// All of them, group by group.
pub const SITUATIONS: &[&[Situation]] = &[FILE, START, HANDSHAKE, RUN, LIMIT];
