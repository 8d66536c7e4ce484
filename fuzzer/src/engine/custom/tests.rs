//! Mutators in Rust, without a target.

use super::{Abilities, CustomMutator, CustomMutators, Refused};
use crate::engine::config::CustomLibraries;
use std::path::Path;

/// Puts a letter in front, and refuses what begins with `!`.
#[derive(Debug)]
struct Prefix(u8);

impl CustomMutator for Prefix {
    fn name(&self) -> &str {
        "prefix"
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            fuzz: true,
            describe: true,
            post_process: true,
            queue_get: true,
            ..Abilities::default()
        }
    }

    fn post_process(&mut self, input: &[u8], output: &mut Vec<u8>) -> bool {
        output.push(self.0);
        output.extend_from_slice(input);
        !input.starts_with(b"!")
    }

    fn describe(&mut self, _most: usize) -> Option<String> {
        Some("a/very\nlong description".into())
    }

    fn queue_get(&mut self, file: &Path) -> bool {
        !file.ends_with("unwanted")
    }
}

#[test]
fn inputs_go_through_all_of_them_in_order() {
    let mut mutators = CustomMutators::new(
        vec![Box::new(Prefix(b'a')), Box::new(Prefix(b'b'))],
        &CustomLibraries::default(),
    );
    assert_eq!(mutators.post_process(b"x"), Ok(Some(b"bax".as_slice())));
    assert_eq!(mutators.post_process(b"!"), Err(Refused));
    assert_eq!(mutators.post_process(b""), Ok(Some(b"ba".as_slice())));
    let mut none = CustomMutators::new(Vec::new(), &CustomLibraries::default());
    assert_eq!(none.post_process(b"x"), Ok(None));
}

#[test]
fn a_description_fits_a_file_name() {
    let mut mutators =
        CustomMutators::new(vec![Box::new(Prefix(b'a'))], &CustomLibraries::default());
    assert_eq!(mutators.describe(100), None, "nobody made the input");
    mutators.current = Some(0);
    assert_eq!(mutators.describe(11).as_deref(), Some("a_very_long"));
}

#[test]
fn each_may_refuse_a_testcase() {
    let mut mutators =
        CustomMutators::new(vec![Box::new(Prefix(b'a'))], &CustomLibraries::default());
    let wanted = ["queue/unwanted", "queue/other"].map(|file| mutators.want(file.as_ref()));
    assert_eq!(wanted, [false, true]);
}
