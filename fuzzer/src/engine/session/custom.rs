//! Where user-supplied mutators have a say.

use super::{Evaluated, Session, Submission};
use crate::{
    engine::{
        corpus::CorpusId,
        custom::{CustomMutator, MutatorError, Refused},
        error::FuzzError,
    },
    report::{name, store},
};
use tine_controller::{Outcome, RunError};
use tine_protocol::layout::input::MAX_INPUT;

/// No entry is worth more runs than this to be made shorter.
const MOST_TRIM_RUNS: u32 = 100_000;

impl Session {
    /// Evaluates an input after user-supplied mutators have completed it. What is saved of
    /// it is what the target was given, unless the user wants the queue otherwise.
    ///
    /// # Errors
    /// As [`Session::evaluate`].
    #[cold]
    pub(super) fn evaluate_custom(
        &mut self,
        submission: &Submission<'_>,
    ) -> Result<Evaluated, FuzzError> {
        let Some(custom) = &mut self.mutation.custom else {
            return self.evaluate_sent(submission);
        };
        let processed = match custom.post_process(submission.sent) {
            Ok(processed) => processed.map(<[u8]>::to_vec),
            Err(Refused) => {
                // There is no run. Time passes all the same.
                self.attend_if_due()?;
                return Ok(Evaluated::Known);
            }
        };
        let keeps_original = custom.keep_original && processed.is_some();
        self.evaluate_sent(&Submission {
            sent: processed.as_deref().unwrap_or(submission.sent),
            keep: keeps_original.then_some(submission.sent),
            is_processed: true,
            ..*submission
        })
    }

    /// Whether the testcase with this name is what the target was given, and is not to
    /// be completed once more. A seed never is.
    pub(super) fn was_processed(&self, name: &str) -> bool {
        let custom = self.mutation.custom.as_ref();
        custom.is_some_and(|custom| !custom.keep_original && !name::is_seed(name))
    }

    /// Tells user-supplied mutators of a testcase whose file was written. Returns its
    /// bytes if one of them changed the file.
    ///
    /// # Errors
    /// When the changed file cannot be read.
    pub(super) fn tell_custom(
        &mut self,
        name: &str,
        parent: Option<CorpusId>,
    ) -> Result<Option<Vec<u8>>, FuzzError> {
        let Some(custom) = &mut self.mutation.custom else {
            return Ok(None);
        };
        if !custom.any().queue_new_entry {
            return Ok(None);
        }
        let inputs = &self.corpus.inputs;
        let file = inputs.folder().join(name);
        let source = parent.map(|parent| inputs.file(parent));
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

    /// Whether user-supplied mutators want a testcase to be fuzzed.
    pub fn is_wanted(&mut self, id: CorpusId) -> bool {
        let Some(custom) = &mut self.mutation.custom else {
            return true;
        };
        !custom.any().queue_get || custom.want(&self.corpus.inputs.file(id))
    }

    /// Lets user-supplied mutators make a testcase, of which these are the bytes, shorter;
    /// writes it anew if they do.
    ///
    /// # Errors
    /// When the target cannot be run, the file cannot be written, or one fails.
    pub fn custom_trim(&mut self, id: CorpusId, input: &mut Vec<u8>) -> Result<(), FuzzError> {
        let Some(custom) = &self.mutation.custom else {
            return Ok(());
        };
        let mut changed = false;
        for number in custom.trimmers() {
            changed |= self.trim_by(number, input)?;
        }
        if changed {
            self.finds.rewrite(self.corpus.inputs.name(id), input)?;
            self.corpus.replace(id, input);
        }
        Ok(())
    }

    fn trim_by(&mut self, number: usize, input: &mut Vec<u8>) -> Result<bool, FuzzError> {
        let Some(goal) = self.buckets(input)? else {
            return Ok(false);
        };
        let Some(trimmer) = self.trimmer(number) else {
            return Ok(false);
        };
        let steps = trimmer.init_trim(input)?;
        let (mut step, mut runs, mut changed) = (0, 0, false);
        let mut output = Vec::new();
        while step < steps && runs < MOST_TRIM_RUNS && self.stop.ending().is_none() {
            runs += 1;
            output.clear();
            let trimmer = self.trimmer(number);
            let made = trimmer.is_some_and(|trimmer| trimmer.trim(&mut output));
            let same = made && self.ends(&output)? && {
                self.tally.runs += 1;
                self.target.take(&self.coverage);
                self.target.trace().buckets().eq(goal.iter().copied())
            };
            if same {
                std::mem::swap(input, &mut output);
                changed = true;
            }
            step = match self.trimmer(number) {
                Some(trimmer) => trimmer.post_trim(same)?,
                None => steps,
            };
            self.attend_if_due()?;
        }
        Ok(changed)
    }

    /// The user-supplied mutator of this number, to make a testcase shorter.
    fn trimmer(&mut self, number: usize) -> Option<&mut dyn CustomMutator> {
        let custom = self.mutation.custom.as_mut()?;
        Some(custom.trimmer(number))
    }

    /// What an input covers, if the target handles it.
    fn buckets(&mut self, input: &[u8]) -> Result<Option<Vec<(usize, u64)>>, FuzzError> {
        let ended = self.ends(input)?;
        self.tally.runs += 1;
        self.target.take(&self.coverage);
        Ok(ended.then(|| self.target.trace().buckets().collect()))
    }

    /// Runs an input. Returns whether the target handles it; not if it kills the fork
    /// server.
    fn ends(&mut self, input: &[u8]) -> Result<bool, RunError> {
        let limit = self.stop.generous_limit();
        match self.run(input, false, limit) {
            Ok(Outcome::Exited(_) | Outcome::LoopDone) => Ok(true),
            Ok(_) => Ok(false),
            Err(error) if error.is_of_input() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
