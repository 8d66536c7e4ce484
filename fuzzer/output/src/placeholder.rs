//! The word that stands for the input file in the arguments of a target.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
};

/// Stands for the input file in the target's arguments, if nothing else is chosen.
pub const PLACEHOLDER: &str = "@@";

/// `argument` with each `placeholder` replaced by `path`.
pub fn substitute(
    argument: &OsStr,
    path: &Path,
    placeholder: &OsStr,
    named: &mut bool,
) -> OsString {
    let placeholder = placeholder.as_bytes();
    let mut result = Vec::new();
    let mut rest = argument.as_bytes();
    while let Some(at) = rest
        .windows(placeholder.len())
        .position(|part| part == placeholder)
    {
        *named = true;
        result.extend(&rest[..at]);
        result.extend(path.as_os_str().as_bytes());
        rest = &rest[at + placeholder.len()..];
    }
    result.extend(rest);
    OsString::from_vec(result)
}

#[cfg(test)]
mod tests {
    use super::{PLACEHOLDER, substitute};
    use std::{ffi::OsStr, path::Path};

    #[test]
    fn every_placeholder_is_replaced_wherever_it_stands() {
        for (argument, expected, is_named) in [
            ("@@", "/in", true),
            ("--file=@@", "--file=/in", true),
            ("@@:@@", "/in:/in", true),
            ("@@@", "/in@", true),
            ("a@b", "a@b", false),
            ("", "", false),
        ] {
            let mut named = false;
            let result = substitute(
                OsStr::new(argument),
                Path::new("/in"),
                OsStr::new(PLACEHOLDER),
                &mut named,
            );
            assert_eq!(
                (result.to_str(), named),
                (Some(expected), is_named),
                "{argument}"
            );
        }
    }
}
