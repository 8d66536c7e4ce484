//! Number of instances (`-j`).

/// The number of instances that `-j` takes. More have never been of use on one
/// machine.
pub fn job_count(text: &str) -> Result<usize, JobError> {
    match text.parse() {
        Ok(count @ 1..=MOST_JOBS) => Ok(count),
        _ => Err(JobError),
    }
}

const MOST_JOBS: usize = 256;

/// Not a number of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a number of instances, 1 to {MOST_JOBS}; one for each core is a good choice")]
pub struct JobError;
