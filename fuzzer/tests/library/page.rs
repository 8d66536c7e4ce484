//! `docs/integration-tests.md` shows files of the sample crate, whose tests pass.

use crate::sample;
use std::{fs, path::Path};

/// What stands in the page before a file.
const MARK: &str = "<!-- file: ";

#[test]
fn the_page_shows_the_files_as_they_are() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/integration-tests.md");
    let page = fs::read_to_string(page).unwrap();
    let mut shown = 0;
    for part in page.split(MARK).skip(1) {
        let (name, rest) = part.split_once(" -->\n").expect("the mark is closed");
        let block = rest.trim_start().strip_prefix("```").expect("code follows");
        let (_, block) = block.split_once('\n').unwrap();
        let (code, _) = block.split_once("```").expect("the code is closed");
        let file = fs::read_to_string(sample::folder().join(name)).unwrap();
        assert!(
            file.contains(code),
            "docs/integration-tests.md does not show {name} as it is"
        );
        shown += 1;
    }
    assert!(shown >= 5, "{shown} files are shown");
}
