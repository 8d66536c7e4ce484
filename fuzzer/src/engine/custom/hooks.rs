//! Where the engine calls custom mutators.

use super::{CustomMutators, MutatorError, Refused, Shared};
use crate::engine::{
    State,
    error::FuzzError,
    executor::ForkServerExecutor,
    judge::{Engine, Evaluated},
};
use crate::report::{
    name::{self, Origin},
    store,
};
use libafl::{
    corpus::{Corpus, CorpusId, Testcase},
    inputs::BytesInput,
    state::{HasCorpus, HasExecutions, HasRand},
};
use libafl_bolts::rands::Rand;
use std::{num::NonZeroUsize, path::PathBuf};
use tine_controller::{Outcome, RunError};
use tine_protocol::layout::input::MAX_INPUT;

/// A file name has no more bytes.
const LONGEST_NAME: usize = 255;

/// No entry is worth more runs than this to be made shorter.
const MOST_TRIM_RUNS: u32 = 100_000;

impl ForkServerExecutor {
    /// As the plain run, with what custom mutators do before and behind it.
    ///
    /// # Errors
    /// As the plain run.
    #[cold]
    pub(in crate::engine) fn run_custom(
        &mut self,
        custom: &Shared,
        input: &[u8],
        run: impl FnOnce(&mut Self, &[u8]) -> Result<Outcome, RunError>,
    ) -> Result<Outcome, RunError> {
        let mut custom = custom.borrow_mut();
        let mut sent = Vec::new();
        let input = if self.is_processed {
            input
        } else {
            match custom.post_process(input) {
                Ok(Some(processed)) => {
                    sent.extend_from_slice(processed);
                    &sent
                }
                // Whoever wants a run gets one: only finds are left out.
                Ok(None) | Err(Refused) => input,
            }
        };
        custom.send(input);
        let outcome = run(self, input);
        custom.post_run();
        outcome
    }
}

impl Engine {
    /// Evaluates an input after custom mutators have completed it. What is saved of it
    /// is what the target was given, unless the user wants the queue otherwise.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    #[cold]
    pub(in crate::engine) fn evaluate_custom(
        &mut self,
        custom: &Shared,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
    ) -> Result<Evaluated, FuzzError> {
        let (processed, keep_original) = {
            let mut custom = custom.borrow_mut();
            match custom.post_process(input) {
                Ok(processed) => (processed.map(<[u8]>::to_vec), custom.keep_original),
                Err(Refused) => {
                    drop(custom);
                    // There is no run. Time passes all the same.
                    if self.control.is_due() {
                        self.attend(state, executor)?;
                    }
                    return Ok(Evaluated::Known);
                }
            }
        };
        if keep_original && processed.is_some() {
            self.original = Some(input.to_vec());
        }
        executor.is_processed = true;
        let evaluated = self.evaluate_sent(
            state,
            executor,
            processed.as_deref().unwrap_or(input),
            origin,
        );
        executor.is_processed = false;
        self.original = None;
        evaluated
    }

    /// Whether the testcase with this name is what the target was given, and is not to
    /// be completed once more. A seed never is.
    pub(in crate::engine) fn was_processed(&self, name: &str) -> bool {
        let custom = self.custom.as_ref();
        custom.is_some_and(|custom| !custom.borrow().keep_original && !name::is_seed(name))
    }

    /// A file name with the words of the mutator that made the input, in place of
    /// tine's.
    pub(in crate::engine) fn described(&self, name: String) -> String {
        let Some(custom) = &self.custom else {
            return name;
        };
        let Some((start, rest)) = name.split_once(",op:") else {
            return name;
        };
        // Fields behind the two that are replaced, such as `+cov`.
        let fields: Vec<&str> = rest.split(',').skip(2).collect();
        let fields: String = fields.iter().map(|field| format!(",{field}")).collect();
        let room = LONGEST_NAME.saturating_sub(start.len() + fields.len() + 1);
        match custom.borrow_mut().describe(room) {
            Some(words) => format!("{start},{words}{fields}"),
            None => name,
        }
    }

    /// Tells custom mutators of a testcase whose file was written. Returns its bytes
    /// if one of them changed the file.
    ///
    /// # Errors
    /// When the changed file cannot be read.
    pub(in crate::engine) fn tell_custom(
        &mut self,
        state: &State,
        name: &str,
    ) -> Result<Option<Vec<u8>>, FuzzError> {
        let Some(custom) = self.custom.clone() else {
            return Ok(None);
        };
        let mut custom = custom.borrow_mut();
        if !custom.any().queue_new_entry {
            return Ok(None);
        }
        let file = self.folder.queue().join(name);
        let source = state.corpus().current();
        let source = source.and_then(|source| self.file_of(state, source));
        if !custom.added(&file, source.as_deref()) {
            return Ok(None);
        }
        let changed = |source| MutatorError::Changed {
            path: file.display().to_string(),
            source,
        };
        let mut bytes = store::read(&file).map_err(changed)?;
        bytes.truncate(MAX_INPUT);
        Ok(Some(bytes))
    }

    /// Where a testcase lies, if it does.
    fn file_of(&self, state: &State, id: CorpusId) -> Option<PathBuf> {
        let corpus = state.corpus();
        corpus.with_name(id, |name| {
            (!name.is_empty()).then(|| self.folder.queue().join(name))
        })
    }

    /// Whether custom mutators want a testcase to be fuzzed.
    pub(in crate::engine) fn is_wanted(&self, state: &State, id: CorpusId) -> bool {
        let Some(custom) = &self.custom else {
            return true;
        };
        let mut custom = custom.borrow_mut();
        !custom.any().queue_get
            || self
                .file_of(state, id)
                .is_none_or(|file: PathBuf| custom.want(&file))
    }

    /// Stacks mutations of custom mutators on an input that was made by `stacked`
    /// others.
    pub(in crate::engine) fn custom_havoc(
        &self,
        state: &mut State,
        input: &mut Vec<u8>,
        stacked: u32,
    ) {
        if let Some(custom) = &self.custom {
            custom.borrow_mut().havoc(state, input, stacked);
        }
    }

    /// Lets custom mutators make a testcase shorter, and writes it anew if they do.
    ///
    /// # Errors
    /// When the target cannot be run, the file cannot be written, or one fails.
    pub(in crate::engine) fn custom_trim(
        &mut self,
        custom: &Shared,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        id: CorpusId,
        input: &mut Vec<u8>,
    ) -> Result<(), FuzzError> {
        let count = custom.borrow().mutators.len();
        let mut changed = false;
        for number in 0..count {
            if custom.borrow().abilities[number].trim {
                changed |= self.trim_by(custom, number, state, executor, input)?;
            }
        }
        if !changed {
            return Ok(());
        }
        let name = state.corpus().with_name(id, str::to_owned);
        if !name.is_empty() {
            store::write(&self.folder.queue(), &name, &[input])?;
        }
        let testcase = Testcase::new(BytesInput::new(input.clone()));
        state.corpus_mut().replace(id, testcase)?;
        self.queue.shortened(id, input.len());
        Ok(())
    }

    fn trim_by(
        &mut self,
        custom: &Shared,
        number: usize,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &mut Vec<u8>,
    ) -> Result<bool, FuzzError> {
        let limit = self.generous_limit();
        let Some(goal) = self.buckets(state, executor, input)? else {
            return Ok(false);
        };
        let steps = custom.borrow_mut().mutators[number].init_trim(input)?;
        let (mut step, mut runs, mut changed) = (0, 0, false);
        let mut output = Vec::new();
        while step < steps && runs < MOST_TRIM_RUNS && self.ending().is_none() {
            runs += 1;
            output.clear();
            let made = custom.borrow_mut().mutators[number].trim(&mut output);
            let same = made && executor_ran(executor.run_within(&output, limit))? && {
                *state.executions_mut() += 1;
                let (map, trace) = executor.coverage();
                self.virgin.take(map, trace);
                executor.trace().buckets().eq(goal.iter().copied())
            };
            if same {
                std::mem::swap(input, &mut output);
                changed = true;
            }
            step = custom.borrow_mut().mutators[number].post_trim(same)?;
            if self.control.is_due() {
                self.attend(state, executor)?;
            }
        }
        Ok(changed)
    }

    /// What an input covers, if the target handles it.
    fn buckets(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
    ) -> Result<Option<Vec<(usize, u64)>>, FuzzError> {
        let limit = self.generous_limit();
        let ended = executor_ran(executor.run_within(input, limit))?;
        *state.executions_mut() += 1;
        let (map, trace) = executor.coverage();
        self.virgin.take(map, trace);
        Ok(ended.then(|| executor.trace().buckets().collect()))
    }
}

/// Whether a run ended by itself. One that takes the fork server along did not.
fn executor_ran(ran: Result<Outcome, RunError>) -> Result<bool, RunError> {
    match ran {
        Ok(outcome) => Ok(!outcome.is_crash() && !outcome.is_timeout()),
        Err(error) if error.is_of_input() => Ok(false),
        Err(error) => Err(error),
    }
}

impl CustomMutators {
    /// For each of `stacked` mutations, each mutator gets its chance.
    fn havoc(&mut self, state: &mut State, input: &mut Vec<u8>, stacked: u32) {
        const HUNDRED: NonZeroUsize = NonZeroUsize::new(100).unwrap();
        let mut output = std::mem::take(&mut self.scratch);
        for (_, mutator) in self.with(|it| it.havoc_mutation) {
            let chance = usize::from(mutator.havoc_probability());
            for _ in 0..stacked {
                if state.rand_mut().below(HUNDRED) >= chance {
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

    /// How many of them have a `fuzz` of their own.
    pub(in crate::engine) fn fuzzers(&self) -> Vec<usize> {
        let numbers = 0..self.mutators.len();
        numbers.filter(|&it| self.abilities[it].fuzz).collect()
    }

    /// How often the one with this number wants to be called for `input`.
    pub(in crate::engine) fn fuzz_count(&mut self, number: usize, input: &[u8]) -> Option<u32> {
        self.abilities[number]
            .fuzz_count
            .then(|| self.mutators[number].fuzz_count(input))
    }

    /// Has the one with this number make an input.
    pub(in crate::engine) fn fuzz(
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
    pub(in crate::engine) const fn rest(&mut self) {
        self.current = None;
    }
}
