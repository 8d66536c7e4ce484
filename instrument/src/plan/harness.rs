//! `-fsanitize=fuzzer`: the driver's `main` is the program's, whatever other there is; but
//! a program without a harness keeps its own.

use super::{Facts, Link, LinkWith, Linker, Situation, Words};

/// What stands in front of all that may have a `main`: one in an archive is not needed
/// then.
pub(super) fn before_inputs(words: &mut Words, situation: &Situation) {
    if let Some(link) = &situation.link
        && takes_main(&situation.line.facts, link)
    {
        words.linker(link.files.main());
    }
}

/// What stands behind the inputs, in front of the driver.
pub(super) fn behind_inputs(words: &mut Words, facts: &Facts, link: &Link) {
    if !takes_main(facts, link) {
        return;
    }
    // The C library calls the driver's, whichever `main` there is.
    words.linker("--wrap=main");
    // It calls the harness, but stands in front of the library that has it.
    words.linker("-u");
    words.linker("LLVMFuzzerTestOneInput");
    words.linker(link.files.no_harness());
    if matches!(link.linking.linker, Some(Linker::Bfd | Linker::Lld)) {
        words.linker(link.files.demand());
    }
}

fn takes_main(facts: &Facts, link: &Link) -> bool {
    facts.fuzzer && link.with == LinkWith::Runtime
}
