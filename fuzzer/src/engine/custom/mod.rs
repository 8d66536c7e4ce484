//! Custom mutators: code of the user's that mutates, shortens or completes inputs.
//!
//! | file | what |
//! |---|---|
//! | `mutator` | what such a mutator can do, as a trait |
//! | `library` | shared objects with AFL++'s `afl_custom_*` functions |

mod library;
mod mutator;

pub use mutator::{Abilities, CustomMutator, MutatorError};

use crate::engine::{config::CustomLibraries, events::Events};
use fast_rands::{Rand, StdRand};
use library::CLibrary;
use std::{num::NonZeroUsize, path::Path};
use tine_protocol::layout::input::MAX_INPUT;

/// Bytes of the longest file name.
const LONGEST_NAME: usize = 255;

/// Leaves all other mutations out.
const ONLY: &str = "AFL_CUSTOM_MUTATOR_ONLY";

/// All custom mutators of a session.
#[derive(Debug)]
pub struct CustomMutators {
    mutators: Vec<Box<dyn CustomMutator>>,
    /// What each has.
    abilities: Vec<Abilities>,
    /// What any has.
    any: Abilities,
    /// No other mutations.
    pub only: bool,
    /// The queue gets inputs as they were before `post_process`.
    pub keep_original: bool,
    /// They may trim testcases.
    pub trims: bool,
    /// Whose [`CustomMutator::fuzz`] made the input that is run.
    current: Option<usize>,
    /// What `post_process` makes, one after another.
    processed: Vec<u8>,
    scratch: Vec<u8>,
}

/// Loads the libraries that are chosen; `None` if there are none. `seed` is for their
/// random numbers.
///
/// # Errors
/// When one cannot be loaded, or what is chosen is not there.
pub fn load(
    chosen: &CustomLibraries,
    seed: u64,
    events: &mut Events,
) -> Result<Option<Box<CustomMutators>>, MutatorError> {
    let wrong = |variable, why| Err(MutatorError::Variable { variable, why });
    if chosen.libraries.is_empty() {
        if chosen.only {
            return wrong(
                ONLY,
                "no custom mutator is loaded: set AFL_CUSTOM_MUTATOR_LIBRARY",
            );
        }
        return Ok(None);
    }
    let mut mutators: Vec<Box<dyn CustomMutator>> = Vec::new();
    for (number, file) in chosen.libraries.iter().enumerate() {
        let seed = seed.wrapping_add(number as u64) as u32;
        let library = CLibrary::load(file, seed)?;
        if library.has_half_a_trim() {
            events.warn(format_args!(
                "{} has not all of afl_custom_init_trim, afl_custom_trim and \
                 afl_custom_post_trim: none of them is used",
                file.display()
            ));
        }
        mutators.push(Box::new(library));
    }
    let loaded = CustomMutators::new(mutators, chosen);
    if loaded.any.send && chosen.sends_late {
        return wrong(
            "AFL_CUSTOM_MUTATOR_LATE_SEND",
            "tine calls afl_custom_fuzz_send before the run only: unset it",
        );
    }
    if loaded.only && !loaded.any.fuzz {
        return wrong(
            ONLY,
            "no library has an afl_custom_fuzz: nothing would be mutated",
        );
    }
    let names = loaded.names();
    events.note(format_args!("custom mutators, in this order: {names}"));
    Ok(Some(Box::new(loaded)))
}

impl CustomMutators {
    /// Of these, which are called in this order.
    pub fn new(mutators: Vec<Box<dyn CustomMutator>>, chosen: &CustomLibraries) -> Self {
        let abilities: Vec<Abilities> = mutators.iter().map(|it| it.abilities()).collect();
        let any = |has: fn(&Abilities) -> bool| abilities.iter().any(has);
        Self {
            any: Abilities {
                fuzz: any(|it| it.fuzz),
                fuzz_count: any(|it| it.fuzz_count),
                splice_optout: any(|it| it.splice_optout),
                havoc_mutation: any(|it| it.havoc_mutation),
                post_process: any(|it| it.post_process),
                trim: any(|it| it.trim),
                queue_get: any(|it| it.queue_get),
                queue_new_entry: any(|it| it.queue_new_entry),
                describe: any(|it| it.describe),
                send: any(|it| it.send),
                post_run: any(|it| it.post_run),
            },
            mutators,
            abilities,
            only: chosen.only,
            keep_original: chosen.keeps_original,
            trims: chosen.trims,
            current: None,
            processed: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Their names, for a sentence.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.mutators.iter().map(|it| it.name()).collect();
        names.join(", ")
    }

    /// What any of them has.
    pub const fn any(&self) -> Abilities {
        self.any
    }

    /// Those that have something, with their numbers.
    fn with(
        &mut self,
        has: fn(&Abilities) -> bool,
    ) -> impl Iterator<Item = (usize, &mut Box<dyn CustomMutator>)> {
        let abilities = &self.abilities;
        self.mutators
            .iter_mut()
            .enumerate()
            .filter(move |(number, _)| has(&abilities[*number]))
    }

    /// Whether all of them want the testcase in this file to be fuzzed.
    pub fn want(&mut self, file: &Path) -> bool {
        self.with(|it| it.queue_get)
            .all(|(_, mutator)| mutator.queue_get(file))
    }

    /// Tells them of a new testcase. Returns whether its file was changed.
    pub fn added(&mut self, file: &Path, source: Option<&Path>) -> bool {
        let mut changed = false;
        for (_, mutator) in self.with(|it| it.queue_new_entry) {
            changed |= mutator.queue_new_entry(file, source);
        }
        changed
    }

    /// What the target is to be given for `input`: `Ok(None)` is the input itself.
    ///
    /// # Errors
    /// When it is not to be run at all.
    pub fn post_process(&mut self, input: &[u8]) -> Result<Option<&[u8]>, Refused> {
        if !self.any.post_process {
            return Ok(None);
        }
        let mut from = std::mem::take(&mut self.scratch);
        let mut to = std::mem::take(&mut self.processed);
        from.clear();
        from.extend_from_slice(input);
        let mut refused = false;
        for (_, mutator) in self.with(|it| it.post_process) {
            to.clear();
            if !mutator.post_process(&from, &mut to) {
                refused = true;
                break;
            }
            std::mem::swap(&mut from, &mut to);
        }
        self.scratch = to;
        self.processed = from;
        if refused {
            Err(Refused)
        } else {
            Ok(Some(&self.processed))
        }
    }

    /// Runs an input, which is completed unless that was done already, with what they do
    /// before and after a run.
    #[cold]
    pub fn run<T>(&mut self, input: &[u8], is_processed: bool, run: impl FnOnce(&[u8]) -> T) -> T {
        let mut sent = Vec::new();
        let input = match is_processed {
            true => input,
            false => match self.post_process(input) {
                Ok(Some(processed)) => {
                    sent.extend_from_slice(processed);
                    &sent
                }
                // Whoever wants a run gets one: only finds are left out.
                Ok(None) | Err(Refused) => input,
            },
        };
        self.send(input);
        let outcome = run(input);
        self.post_run();
        outcome
    }

    /// For each of `stacked` mutations, each mutator gets its chance.
    pub fn havoc(&mut self, rand: &mut StdRand, input: &mut Vec<u8>, stacked: u32) {
        const HUNDRED: NonZeroUsize = NonZeroUsize::new(100).unwrap();
        let mut output = std::mem::take(&mut self.scratch);
        for (_, mutator) in self.with(|it| it.havoc_mutation) {
            let chance = usize::from(mutator.havoc_probability());
            for _ in 0..stacked {
                if rand.below(HUNDRED) >= chance {
                    continue;
                }
                output.clear();
                if mutator.havoc_mutation(input, MAX_INPUT, &mut output) {
                    std::mem::swap(input, &mut output);
                }
            }
        }
        self.scratch = output;
    }

    /// Those that have a `fuzz` of their own.
    pub fn fuzzers(&self) -> Vec<usize> {
        let numbers = 0..self.mutators.len();
        numbers.filter(|&it| self.abilities[it].fuzz).collect()
    }

    /// How often the one with this number wants to be called for `input`.
    pub fn fuzz_count(&mut self, number: usize, input: &[u8]) -> Option<u32> {
        self.abilities[number]
            .fuzz_count
            .then(|| self.mutators[number].fuzz_count(input))
    }

    /// Has the one with this number make an input.
    pub fn fuzz(
        &mut self,
        number: usize,
        input: &[u8],
        other: Option<&[u8]>,
        output: &mut Vec<u8>,
    ) -> bool {
        output.clear();
        self.current = Some(number);
        self.mutators[number].fuzz(input, other, MAX_INPUT, output)
    }

    /// What comes now was made by others.
    pub const fn rest(&mut self) {
        self.current = None;
    }

    /// Those that make testcases shorter.
    pub fn trimmers(&self) -> Vec<usize> {
        let numbers = 0..self.mutators.len();
        numbers.filter(|&it| self.abilities[it].trim).collect()
    }

    /// The one with this number, to make a testcase shorter.
    pub fn trimmer(&mut self, number: usize) -> &mut dyn CustomMutator {
        self.mutators[number].as_mut()
    }

    /// A file name with the words of the mutator that made the input, in place of
    /// tine's.
    pub fn described(&mut self, name: String) -> String {
        let Some((start, rest)) = name.split_once(",op:") else {
            return name;
        };
        // Fields after the two that are replaced, such as `+cov`.
        let fields: Vec<&str> = rest.split(',').skip(2).collect();
        let fields: String = fields.iter().map(|field| format!(",{field}")).collect();
        let room = LONGEST_NAME.saturating_sub(start.len() + fields.len() + 1);
        match self.describe(room) {
            Some(words) => format!("{start},{words}{fields}"),
            None => name,
        }
    }

    /// Before a run.
    pub fn send(&mut self, input: &[u8]) {
        for (_, mutator) in self.with(|it| it.send) {
            mutator.send(input);
        }
    }

    /// After a run.
    pub fn post_run(&mut self) {
        for (_, mutator) in self.with(|it| it.post_run) {
            mutator.post_run();
        }
    }

    /// What made the input that was just run, if that was one of them, in at most
    /// `most` bytes that a file name can have.
    pub fn describe(&mut self, most: usize) -> Option<String> {
        let current = self.current?;
        if !self.abilities[current].describe {
            return None;
        }
        let text = self.mutators[current].describe(most)?;
        let mut clean = String::new();
        for character in text.chars() {
            let character = match character {
                '/' => '_',
                other if other.is_control() => '_',
                other => other,
            };
            if clean.len() + character.len_utf8() > most {
                break;
            }
            clean.push(character);
        }
        Some(clean)
    }
}

/// An input that is not to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

#[cfg(test)]
mod tests;
