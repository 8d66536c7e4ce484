//! The corpus: the inputs of the queue, as many in memory as an option allows. The
//! others are read from their files in `queue/` when they are asked for.
//!
//! The inputs that were not used for the longest time give way. A file that is gone
//! or was changed meanwhile is a [`Flaw`], which the engine asks for and tells of:
//! whoever asked for the input gets what there is, an empty one if there is nothing.

use super::config::CORPUS_MEGABYTES;
use crate::report::{stats::Cached, store};
use libafl::{
    Error,
    corpus::{Corpus, CorpusId, Testcase},
    inputs::BytesInput,
};
use lru::LruCache;
use serde::{Deserialize, Serialize};
use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    path::PathBuf,
};
use tine_protocol::layout::input::MAX_INPUT;

/// Bytes of inputs in memory if nothing else is said.
const DEFAULT_BUDGET: usize = (CORPUS_MEGABYTES as usize) << 20;

/// Testcases in the order in which they were added; none is ever removed.
///
/// A testcase with a file name is in that file of the folder. One without stays in
/// memory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct QueueCorpus {
    slots: Vec<Slot>,
    current: Option<CorpusId>,
    folder: PathBuf,
    #[serde(skip)]
    cache: RefCell<Cache>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Slot {
    testcase: RefCell<Testcase<BytesInput>>,
    /// Bytes of its file, as far as is known.
    len: Cell<usize>,
}

/// What is wrong with the file of a testcase.
#[derive(Debug)]
pub struct Flaw {
    /// The testcase.
    pub id: CorpusId,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub kind: FlawKind,
}

/// The ways in which a file can be wrong.
#[derive(Debug)]
pub enum FlawKind {
    /// It cannot be read, or is empty: there is no input any more.
    Gone(io::Error),
    /// It has another length now: so many bytes. They are the input from now on.
    Changed(usize),
}

impl QueueCorpus {
    /// Says where the files are, and how many bytes of them may be in memory. The
    /// input that is worked on is always there.
    pub fn keep_in(&mut self, folder: PathBuf, budget: usize) {
        self.folder = folder;
        self.cache.get_mut().budget = budget;
    }

    /// How much of it is in memory.
    #[must_use]
    pub fn cached(&self) -> Cached {
        let cache = self.cache.borrow();
        Cached {
            bytes: cache.bytes,
            count: cache.recent.len(),
            evictions: cache.evictions,
        }
    }

    /// Adds a testcase that is in a file of this name and length.
    pub fn add_file(&mut self, name: String, len: usize) -> CorpusId {
        let id = self.peek_free_id();
        let mut testcase = Testcase::from(BytesInput::new(Vec::new()));
        *testcase.input_mut() = None;
        *testcase.filename_mut() = Some(name);
        self.slots.push(Slot {
            testcase: RefCell::new(testcase),
            len: Cell::new(len),
        });
        id
    }

    /// Looks at the name of a testcase's file; it is empty if it has none.
    pub fn with_name<T>(&self, id: CorpusId, look: impl FnOnce(&str) -> T) -> T {
        let slot = self.slots.get(usize::from(id));
        let testcase = slot.map(|slot| slot.testcase.borrow());
        let name = testcase.as_ref().and_then(|it| it.filename().as_deref());
        look(name.unwrap_or_default())
    }

    /// What was found to be wrong with files since this was asked the last time.
    pub fn take_flaws(&mut self) -> Vec<Flaw> {
        std::mem::take(&mut self.cache.get_mut().flaws)
    }

    fn slot(&self, id: CorpusId) -> Result<&Slot, Error> {
        let slot = self.slots.get(usize::from(id));
        slot.ok_or_else(|| Error::key_not_found(format!("there is no testcase {id}")))
    }

    /// Sees to it that an input is in memory, and is the last one to give way.
    fn load(&self, id: CorpusId, slot: &Slot) {
        if self.cache.borrow_mut().recent.get(&id).is_some() {
            return;
        }
        // Somebody who has it already has its input too.
        let Ok(mut testcase) = slot.testcase.try_borrow_mut() else {
            return;
        };
        if testcase.input().is_none() {
            let bytes = self.read(id, &testcase, &slot.len);
            testcase.set_input(BytesInput::new(bytes));
        }
        self.hold(id, &testcase);
    }

    /// Counts an input that is in memory now; others give way to it.
    fn hold(&self, id: CorpusId, testcase: &Testcase<BytesInput>) {
        let (Some(input), true) = (testcase.input(), testcase.filename().is_some()) else {
            return;
        };
        let len = input.as_ref().len();
        let mut cache = self.cache.borrow_mut();
        cache.bytes += len;
        if let Some(before) = cache.recent.put(id, len) {
            cache.bytes -= before;
        }
        while cache.bytes > cache.budget && cache.recent.len() > 1 {
            let Some((oldest, len)) = cache.recent.pop_lru() else {
                return;
            };
            let slot = &self.slots[usize::from(oldest)];
            let Ok(mut testcase) = slot.testcase.try_borrow_mut() else {
                // It is in use.
                cache.recent.put(oldest, len);
                return;
            };
            if let Some(input) = testcase.input_mut().take() {
                // It may have been trimmed meanwhile.
                slot.len.set(input.as_ref().len());
            }
            cache.bytes -= len;
            cache.evictions += 1;
        }
    }

    fn read(&self, id: CorpusId, testcase: &Testcase<BytesInput>, len: &Cell<usize>) -> Vec<u8> {
        let name = testcase.filename().as_deref().unwrap_or_default();
        let path = self.folder.join(name);
        let expected = len.get();
        let mut bytes = Vec::with_capacity(expected);
        let read = store::open(&path)
            .and_then(|file| file.take(MAX_INPUT as u64).read_to_end(&mut bytes))
            .and_then(|len| match len {
                0 => Err(io::Error::other("it is empty")),
                len => Ok(len),
            });
        let kind = match read {
            Ok(len) if expected == len => return bytes,
            Ok(len) => FlawKind::Changed(len),
            Err(error) => FlawKind::Gone(error),
        };
        len.set(bytes.len());
        let mut cache = self.cache.borrow_mut();
        cache.flaws.push(Flaw { id, path, kind });
        bytes
    }
}

impl Corpus<BytesInput> for QueueCorpus {
    fn count(&self) -> usize {
        self.slots.len()
    }

    fn count_disabled(&self) -> usize {
        0
    }

    fn count_all(&self) -> usize {
        self.count()
    }

    fn add(&mut self, testcase: Testcase<BytesInput>) -> Result<CorpusId, Error> {
        let id = self.peek_free_id();
        self.slots.push(Slot {
            len: Cell::new(length(&testcase)),
            testcase: RefCell::new(testcase),
        });
        self.hold(id, &self.slot(id)?.testcase.borrow());
        Ok(id)
    }

    fn add_disabled(&mut self, _testcase: Testcase<BytesInput>) -> Result<CorpusId, Error> {
        Err(Error::unsupported("testcases are not disabled here"))
    }

    /// The file stays the one that the testcase had, if the new one names none.
    fn replace(
        &mut self,
        id: CorpusId,
        mut testcase: Testcase<BytesInput>,
    ) -> Result<Testcase<BytesInput>, Error> {
        let slot = self.slot(id)?;
        if testcase.filename().is_none() {
            *testcase.filename_mut() = slot.testcase.borrow().filename().clone();
        }
        slot.len.set(length(&testcase));
        let before = slot.testcase.replace(testcase);
        self.hold(id, &slot.testcase.borrow());
        Ok(before)
    }

    fn remove(&mut self, _id: CorpusId) -> Result<Testcase<BytesInput>, Error> {
        Err(Error::unsupported("testcases are not removed here"))
    }

    fn get(&self, id: CorpusId) -> Result<&RefCell<Testcase<BytesInput>>, Error> {
        let slot = self.slot(id)?;
        self.load(id, slot);
        Ok(&slot.testcase)
    }

    fn get_from_all(&self, id: CorpusId) -> Result<&RefCell<Testcase<BytesInput>>, Error> {
        self.get(id)
    }

    fn current(&self) -> &Option<CorpusId> {
        &self.current
    }

    fn current_mut(&mut self) -> &mut Option<CorpusId> {
        &mut self.current
    }

    fn next(&self, id: CorpusId) -> Option<CorpusId> {
        let next = usize::from(id) + 1;
        (next < self.count()).then_some(CorpusId(next))
    }

    fn peek_free_id(&self) -> CorpusId {
        CorpusId(self.count())
    }

    fn prev(&self, id: CorpusId) -> Option<CorpusId> {
        usize::from(id).checked_sub(1).map(CorpusId)
    }

    fn first(&self) -> Option<CorpusId> {
        (!self.slots.is_empty()).then_some(CorpusId(0))
    }

    fn last(&self) -> Option<CorpusId> {
        self.count().checked_sub(1).map(CorpusId)
    }

    fn nth(&self, nth: usize) -> CorpusId {
        CorpusId(nth)
    }

    fn nth_from_all(&self, nth: usize) -> CorpusId {
        CorpusId(nth)
    }

    /// [`Self::get`] has loaded it.
    fn load_input_into(&self, testcase: &mut Testcase<BytesInput>) -> Result<(), Error> {
        if testcase.input().is_none() {
            testcase.set_input(BytesInput::new(Vec::new()));
        }
        Ok(())
    }

    /// Files are written by the engine.
    fn store_input_from(&self, _testcase: &Testcase<BytesInput>) -> Result<(), Error> {
        Ok(())
    }
}

fn length(testcase: &Testcase<BytesInput>) -> usize {
    let input = testcase.input().as_ref();
    input.map_or(0, |input| input.as_ref().len())
}

/// The inputs in memory that have a file.
#[derive(Debug)]
struct Cache {
    /// With their lengths, the one that was used last in front.
    recent: LruCache<CorpusId, usize>,
    bytes: usize,
    budget: usize,
    evictions: u64,
    flaws: Vec<Flaw>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            recent: LruCache::unbounded(),
            bytes: 0,
            budget: DEFAULT_BUDGET,
            evictions: 0,
            flaws: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
