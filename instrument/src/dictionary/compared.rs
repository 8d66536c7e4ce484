//! Functions that compare: which of their arguments may be constants that the input is
//! compared with.

use tine_protocol::routine::{self, Shape};

/// What of a function's arguments is compared. Arguments are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Nothing that can be a constant in the program: objects.
    Nothing,
    /// Strings.
    Strings(&'static [usize]),
    /// Memory, of a length that is in another argument.
    Memory(&'static [usize], usize),
    /// The first argument, of so many bytes.
    Number(usize),
}

/// Callbacks of compare logging that have the constant as their first argument.
const CALLBACKS: [(&str, usize); 3] = [
    ("__sanitizer_cov_trace_const_cmp2", 2),
    ("__sanitizer_cov_trace_const_cmp4", 4),
    ("__sanitizer_cov_trace_const_cmp8", 8),
];

/// What stands before the name of a function that is hooked.
const HOOKED: &str = "__wrap_";

/// What the function of this name compares, if it does.
pub(super) fn compared(name: &str) -> Option<Compared> {
    if let Some((_, width)) = CALLBACKS.iter().find(|(known, _)| *known == name) {
        return Some(Compared::Number(*width));
    }
    let name = name.strip_prefix(HOOKED).unwrap_or(name);
    let (_, shape) = routine::all().find(|(known, _)| *known == name)?;
    Some(match shape {
        Shape::Memory => Compared::Memory(&[0, 1], 2),
        Shape::String | Shape::BoundedString => Compared::Strings(&[0, 1]),
        Shape::Substring
        | Shape::Suffix
        | Shape::SubstringBounded
        | Shape::GnuText
        | Shape::GnuFindText
        | Shape::LlvmText => Compared::Strings(&[1]),
        Shape::BoundedSubstring => Compared::Strings(&[2]),
        Shape::Memmem => Compared::Memory(&[2], 3),
        Shape::GnuPartText | Shape::LlvmPartText => Compared::Strings(&[3]),
        Shape::GnuPartBytes | Shape::LlvmPartBytes => Compared::Memory(&[3], 4),
        Shape::GnuFindBytes | Shape::LlvmFindBytes => Compared::Memory(&[1], 3),
        Shape::GnuString | Shape::GnuPartString | Shape::GnuFindString => Compared::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use super::{Compared, compared};

    #[test]
    fn functions_are_known_hooked_or_not() {
        for (name, expected) in [
            ("strcmp", Some(Compared::Strings(&[0, 1]))),
            ("__wrap_strcmp", Some(Compared::Strings(&[0, 1]))),
            ("memmem", Some(Compared::Memory(&[2], 3))),
            (
                "__sanitizer_cov_trace_const_cmp4",
                Some(Compared::Number(4)),
            ),
            ("strlen", None),
        ] {
            assert_eq!(compared(name), expected, "{name}");
        }
    }
}
