//! One variable, or several that belong together.

/// Variables that belong together: they have one answer.
pub(super) struct Entry {
    pub(super) names: &'static [&'static str],
    pub(super) scope: Scope,
    pub(super) answer: Answer,
}

/// Which commands a variable is for. The others take no notice of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `tine fuzz` only.
    Fuzz,
    /// Whatever runs a target.
    All,
}

/// What a variable is to tine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It does this.
    Honoured(&'static str),
    /// It asks for what is done anyway, or for nothing that there is.
    Default(&'static str),
    /// It cannot do what it does for AFL: for this reason.
    NoEffect(&'static str),
    /// A session that left it out would be another one than was asked for: what to do.
    Refused(&'static str),
    /// These programs read it.
    Elsewhere(&'static str),
}

/// Makes one.
pub(super) const fn entry(scope: Scope, names: &'static [&'static str], answer: Answer) -> Entry {
    Entry {
        names,
        scope,
        answer,
    }
}
