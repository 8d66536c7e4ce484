//! The corpus: the inputs, and what is known of each.
//!
//! | file | what |
//! |---|---|
//! | `inputs` | the inputs, as many in memory as an option allows |
//! | `entry` | what is known of a testcase |
//! | `queue` | which testcase is next (`choice`), which are favored (`favored`) |
//! | `energy` | how often a testcase is chosen, and for how long it is fuzzed |
//! | `frequency` | how often runs share a path hash |
//!
//! Nothing here runs a target or writes a file: what is found is on disk before it is
//! added.

pub mod energy;
mod entry;
mod frequency;
mod id;
mod inputs;
mod queue;

pub use entry::{Entry, Measured};
pub use frequency::Frequencies;
pub use id::CorpusId;
pub use inputs::{InputProblem, Inputs, Problem};
pub use queue::Queue;

/// All testcases of a session. None is ever removed.
#[derive(Debug)]
pub struct Corpus {
    /// Their inputs.
    pub inputs: Inputs,
    /// What is known of them.
    pub queue: Queue,
}

impl Corpus {
    /// Adds an input that is in the file `name`, which has this number. `parent` is the
    /// testcase that it was made from.
    pub fn add(
        &mut self,
        name: String,
        number: u32,
        input: &[u8],
        parent: Option<CorpusId>,
    ) -> CorpusId {
        let id = self.queue.add(number, input.len(), parent);
        self.inputs.add(name, input.to_vec());
        id
    }

    /// Adds a testcase of which an earlier session knew all of `entry`. Its input stays in
    /// the file `name`; `common` runs shared its path hash.
    pub fn restore(&mut self, name: String, entry: Entry, common: u32) {
        self.inputs.add_file(name, entry.len);
        self.queue.restore(entry, common);
    }

    /// Puts another input in a testcase's place. Its file stays the same, and is written
    /// already.
    pub fn replace(&mut self, id: CorpusId, input: &[u8]) {
        self.inputs.replace(id, input.to_vec());
        self.queue.shortened(id, input.len());
    }

    /// Copies the bytes of a testcase to `bytes`.
    pub fn copy(&mut self, id: CorpusId, bytes: &mut Vec<u8>) {
        bytes.clear();
        bytes.extend_from_slice(self.inputs.get(id));
    }
}
