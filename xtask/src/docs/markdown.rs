//! The Markdown files of the repository: headings, links, diagrams.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use walkdir::WalkDir;

/// A file and what is in it.
pub struct Page {
    /// From the workspace's root.
    pub path: PathBuf,
    /// What a link can point to behind a `#`.
    pub anchors: Vec<String>,
    pub links: Vec<Link>,
    pub diagrams: Vec<Diagram>,
}

/// A link or an image.
pub struct Link {
    pub line: usize,
    pub target: String,
}

/// A block of code in the language `mermaid`.
pub struct Diagram {
    /// Line of its first word.
    pub line: usize,
    pub text: String,
}

/// All Markdown files below `root`, in the order of their names.
pub fn pages(root: &Path) -> Result<Vec<Page>> {
    // What is built or fetched is nobody's documentation.
    let skipped = |name: &str| matches!(name, "target" | "node_modules" | ".git");
    let mut pages = Vec::new();
    let walk = WalkDir::new(root).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|it| !it.file_name().to_str().is_some_and(skipped)) {
        let entry = entry.context("cannot list the files")?;
        let path = entry.path();
        if path.extension().is_some_and(|it| it == "md") {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            pages.push(page(path.strip_prefix(root)?.to_owned(), &text));
        }
    }
    Ok(pages)
}

/// Reads one file.
pub fn page(path: PathBuf, text: &str) -> Page {
    let mut page = Page {
        path,
        anchors: Vec::new(),
        links: Vec::new(),
        diagrams: Vec::new(),
    };
    let line = |offset: usize| text[..offset].matches('\n').count() + 1;
    let mut heading: Option<String> = None;
    let mut diagram: Option<Diagram> = None;
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(Link {
                    line: line(range.start),
                    target: dest_url.into_string(),
                });
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap_or_default());
                let same = page.anchors.iter().filter(|it| **it == anchor).count();
                page.anchors.push(match same {
                    0 => anchor,
                    // As forges and mdBook number them.
                    _ => format!("{anchor}-{same}"),
                });
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language)))
                if &*language == "mermaid" =>
            {
                diagram = Some(Diagram {
                    // Behind the line with the fence.
                    line: line(range.start) + 1,
                    text: String::new(),
                });
            }
            Event::End(TagEnd::CodeBlock) => page.diagrams.extend(diagram.take()),
            Event::Text(words) => {
                if let Some(diagram) = &mut diagram {
                    diagram.text.push_str(&words);
                } else if let Some(heading) = &mut heading {
                    heading.push_str(&words);
                }
            }
            Event::Code(words) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&words);
                }
            }
            _ => {}
        }
    }
    page
}

/// What a heading is called in a link: small letters and digits, `-` for blanks.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::page;

    const TEXT: &str = "# A `title`, (in) words\n\n[x](y.md#z) and\n![p](q.png)\n\n\
                        ## Twice\n\n## Twice\n\n`[no](link.md)`\n\n```mermaid\nflowchart LR\n  \
                        a --> b\n```\n\n```text\n[no](link.md)\n```\n";

    #[test]
    fn links_and_headings_and_diagrams_are_found_and_code_is_not() {
        let page = page("a.md".into(), TEXT);
        assert_eq!(page.anchors, ["a-title-in-words", "twice", "twice-1"]);
        let links: Vec<_> = page.links.iter().map(|it| (it.line, &*it.target)).collect();
        assert_eq!(links, [(3, "y.md#z"), (4, "q.png")]);
        assert_eq!(page.diagrams.len(), 1);
        assert_eq!(page.diagrams[0].line, 13);
        assert_eq!(page.diagrams[0].text, "flowchart LR\n  a --> b\n");
    }
}
