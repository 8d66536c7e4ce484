//! The two lines around a generated part.

use anyhow::{Context, Result, bail};

/// What the line before a part begins with.
const BEGIN: &str = "<!-- begin generated: ";

/// The names of the parts in `document`, in order.
pub fn names(document: &str) -> Vec<String> {
    document
        .lines()
        .filter_map(|line| line.strip_prefix(BEGIN)?.split_once(' '))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// `document` with the text of the part `name` replaced by `text`.
///
/// # Errors
/// When the part's two lines are not there exactly once each, in order.
pub fn replace(document: &str, name: &str, text: &str) -> Result<String> {
    let begin = format!("{BEGIN}{name} (cargo xtask docs) -->\n");
    let end = format!("<!-- end generated: {name} -->");
    for line in [begin.as_str(), end.as_str()] {
        if document.matches(line).count() != 1 {
            bail!("the line `{}` has to stand there once", line.trim_end());
        }
    }
    let (before, rest) = document.split_once(&begin).context("no begin")?;
    let (_, after) = rest
        .split_once(&end)
        .context("its end stands before its begin")?;
    Ok(format!("{before}{begin}\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::{names, replace};

    const DOCUMENT: &str = "a\n<!-- begin generated: x (cargo xtask docs) -->\nold\n\
                            <!-- end generated: x -->\nb\n";

    #[test]
    fn only_what_lies_between_the_lines_changes() {
        let expected = "a\n<!-- begin generated: x (cargo xtask docs) -->\n\nnew\nnew\n\n\
                        <!-- end generated: x -->\nb\n";
        let once = replace(DOCUMENT, "x", "new\nnew\n").unwrap();
        assert_eq!(once, expected);
        assert_eq!(names(&once), ["x"]);
        assert_eq!(replace(&once, "x", "new\nnew").unwrap(), expected);
    }

    #[test]
    fn a_part_without_its_lines_is_an_error() {
        assert!(replace(DOCUMENT, "y", "").is_err());
        assert!(replace(&format!("{DOCUMENT}{DOCUMENT}"), "x", "").is_err());
        let turned = "<!-- end generated: x -->\n<!-- begin generated: x (cargo xtask docs) -->\n";
        assert!(replace(turned, "x", "").is_err());
    }
}
