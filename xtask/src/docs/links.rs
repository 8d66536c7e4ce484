//! Every relative link in a Markdown file leads somewhere, and the book's list of
//! chapters has every page below docs/.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use super::markdown::Page;

/// The book's list of chapters.
pub const SUMMARY: &str = "docs/SUMMARY.md";

/// What is wrong, a line each: `file:line: what`.
pub fn faults(root: &Path, pages: &[Page]) -> Vec<String> {
    let mut faults = dead(root, pages);
    faults.extend(left_out(pages));
    faults
}

fn dead(root: &Path, pages: &[Page]) -> Vec<String> {
    let anchors: HashMap<&Path, &[String]> = pages
        .iter()
        .map(|page| (page.path.as_path(), page.anchors.as_slice()))
        .collect();
    let mut faults = Vec::new();
    for page in pages {
        for link in page.links.iter().filter(|link| !is_elsewhere(&link.target)) {
            let place = format!("{}:{}", page.path.display(), link.line);
            let (file, anchor) = match link.target.split_once('#') {
                Some((file, anchor)) => (file, Some(anchor)),
                None => (link.target.as_str(), None),
            };
            let Some(path) = resolve(&page.path, file) else {
                faults.push(format!("{place}: `{file}` leads out of the repository"));
                continue;
            };
            if !root.join(&path).exists() {
                faults.push(format!("{place}: there is no {}", path.display()));
                continue;
            }
            if let Some(anchor) = anchor
                && let Some(known) = anchors.get(path.as_path())
                && !known.iter().any(|it| it == anchor)
            {
                faults.push(format!("{place}: {} has no #{anchor}", path.display()));
            }
        }
    }
    faults
}

/// Pages below docs/ that the list of chapters does not have.
fn left_out(pages: &[Page]) -> Vec<String> {
    let Some(summary) = pages.iter().find(|page| page.path == Path::new(SUMMARY)) else {
        return vec![format!("{SUMMARY} is missing")];
    };
    let listed: HashSet<PathBuf> = summary
        .links
        .iter()
        .filter_map(|link| resolve(&summary.path, &link.target))
        .collect();
    pages
        .iter()
        .filter(|page| page.path.starts_with("docs") && page.path != summary.path)
        .filter(|page| !listed.contains(&page.path))
        .map(|page| format!("{SUMMARY}: {} is not listed", page.path.display()))
        .collect()
}

/// Whether it has a scheme: `https:`, `mailto:`.
pub fn is_elsewhere(target: &str) -> bool {
    let scheme = target.split_once(':').map_or("", |(scheme, _)| scheme);
    !scheme.is_empty()
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The path from the root that `target` means in the file `from`. `None` if it leads
/// out.
pub fn resolve(from: &Path, target: &str) -> Option<PathBuf> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let mut path = from.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::super::markdown::{Page, pages};
    use super::faults;
    use std::fs;

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let all: Vec<Page> = pages(folder.path()).unwrap();
        faults(folder.path(), &all)
    }

    const SUMMARY: (&str, &str) = ("docs/SUMMARY.md", "[A](a.md)\n");

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        let faults = check(&[
            SUMMARY,
            (
                "docs/a.md",
                "# Top\n[x](../b.md#one-two) [y](#top) [z](https://example.org/) [d](.)\n",
            ),
            ("b.md", "# One, two\n"),
        ]);
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn a_file_an_anchor_and_a_chapter_that_are_missing_are_named() {
        let faults = check(&[
            SUMMARY,
            ("docs/a.md", "x\n\n[x](c.md) [y](#top) [z](../../up.md)\n"),
            ("docs/more.md", ""),
            // Nobody's documentation.
            ("target/x.md", "[x](nowhere.md)\n"),
        ]);
        assert_eq!(
            faults,
            [
                "docs/a.md:3: there is no docs/c.md",
                "docs/a.md:3: docs/a.md has no #top",
                "docs/a.md:3: `../../up.md` leads out of the repository",
                "docs/SUMMARY.md: docs/more.md is not listed",
            ]
        );
    }
}
