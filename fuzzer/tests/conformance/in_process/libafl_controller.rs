//! LibAFL's own controller.

// LibAFL's shared memory is announced through this process's environment.
#![allow(unsafe_code)]

use std::time::Duration;

use libafl::Error;
use libafl::executors::{Executor, ExitKind, ForkserverExecutor, StdChildArgs};
use libafl::fuzzer::NopFuzzer;
use libafl::inputs::BytesInput;
use libafl::state::NopState;
use libafl_bolts::StdTargetArgs;
use libafl_bolts::shmem::{ShMem, ShMemProvider, UnixShMemProvider};

use super::{Job, nonzero};
use crate::cell::{Ending, Run, Seen};
use crate::matrix::Mode;

/// As large as the map of any target of the matrix; LibAFL does not enlarge it.
const MAP_SIZE: usize = 65_536;

/// Runs the job's inputs on one fork server.
pub fn run(job: &Job) -> Result<Seen, Error> {
    let mut provider = UnixShMemProvider::new()?;
    let mut map = provider.new_shmem(MAP_SIZE)?;
    // SAFETY: the process runs this one test; its main thread waits for this thread
    // and reads no environment meanwhile.
    unsafe { map.write_to_env("__AFL_SHM_ID") }?;
    let mut executor = ForkserverExecutor::builder()
        .program(&job.program)
        .coverage_map_size(MAP_SIZE)
        .is_persistent(job.mode == Mode::Persistent)
        .is_deferred_frksrv(matches!(job.mode, Mode::Deferred | Mode::Shm))
        .timeout(Duration::from_millis(job.limit))
        .shmem_provider(&mut provider)
        .build::<BytesInput, (), NopState<BytesInput>>(())?;
    let told = format!("uses_shmem_testcase: {}", job.mode == Mode::Shm);
    if !format!("{executor:?}").contains(&told) {
        return Err(Error::illegal_state(format!("not {told}")));
    }
    let mut fuzzer = NopFuzzer::new();
    let mut state = NopState::<BytesInput>::new();
    let mut runs = Vec::new();
    for input in &job.inputs {
        map.fill(0);
        let input = BytesInput::new(input.clone().into_bytes());
        let kind = executor.run_target(&mut fuzzer, &mut state, &mut (), &input)?;
        runs.push(Run {
            ending: match kind {
                ExitKind::Ok => Ending::Ok(None),
                ExitKind::Timeout => Ending::Timeout,
                _ => Ending::Crash,
            },
            edges: nonzero(&map),
        });
    }
    Ok(Seen {
        map_size: executor.coverage_map_size().unwrap_or_default(),
        runs,
    })
}
