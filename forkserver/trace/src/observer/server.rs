//! A fork server that is being watched.

use crate::{PipeName, SegmentName, memory, memory::Segments, wire::Wire};
use std::{collections::VecDeque, path::PathBuf};
use tine_protocol::{env, layout::coverage};

/// AFL++ names its compare log so.
const COMPARE_LOG: &str = "__AFL_CMPLOG_SHM_ID";

/// A process with the pipes on 198 and 199.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) pid: i32,
    pub(super) actor: usize,
    /// The control pipe, as `/proc` names it.
    pub(super) control: PathBuf,
    /// The status pipe, as `/proc` names it.
    pub(super) status: PathBuf,
    /// Its segments, as its environment names them.
    pub(super) segments: Vec<(SegmentName, i32)>,
    /// Variables of the protocol in its environment.
    pub(super) variables: Vec<(String, String)>,
    pub(super) memory: Segments,
    pub(super) wire: Wire,
    /// The run whose input is being prepared or that goes on.
    run: u32,
    unread: [VecDeque<(usize, u64)>; 2],
}

impl Server {
    /// Process `pid`, which has just executed a program.
    pub(super) fn new(pid: i32, actor: usize, control: PathBuf, status: PathBuf) -> Self {
        let variables: Vec<(String, String)> = memory::environment(pid)
            .into_iter()
            .filter(|(name, _)| is_of_protocol(name))
            .collect();
        let id = |variable: &str| {
            variables
                .iter()
                .find(|(name, _)| name == variable)
                .and_then(|(_, value)| value.parse::<i32>().ok())
        };
        let coverage = id(env::name(env::COVERAGE_SHM_ID));
        let input = id(env::name(env::INPUT_SHM_ID));
        let segments = [
            (SegmentName::Coverage, coverage),
            (SegmentName::Input, input),
            (
                SegmentName::ControlPage,
                id(env::name(env::CONTROL_PAGE_SHM_ID)),
            ),
            (SegmentName::CompareLog, id(COMPARE_LOG)),
        ];
        Self {
            pid,
            actor,
            control,
            status,
            segments: segments
                .into_iter()
                .filter_map(|(name, id)| Some((name, id?)))
                .collect(),
            variables,
            memory: Segments::attach(coverage, input),
            wire: Wire::new(input.is_some()),
            run: 0,
            unread: Default::default(),
        }
    }

    /// From here on it is run `number`.
    pub(super) fn begin_run(&mut self, number: u32) {
        self.run = number;
    }

    pub(super) fn phase(&self) -> String {
        if self.run > 0 {
            format!("run {}", self.run)
        } else {
            "handshake".into()
        }
    }

    /// Size of the map in bytes, as agreed, or as far as there is a segment.
    pub(super) fn map_bytes(&self) -> usize {
        let agreed = self.wire.agreement().and_then(|agreed| agreed.map_size);
        let size = agreed.map_or(coverage::DEFAULT_MAP_SIZE, |size| size as usize);
        self.memory
            .coverage_size()
            .map_or(size, |segment| size.min(segment))
    }

    /// Event `index` put `count` bytes on a pipe.
    pub(super) fn sent(&mut self, pipe: PipeName, index: usize, count: u64) {
        self.unread[of(pipe)].push_back((index, count));
    }

    /// `count` bytes were read from a pipe: the events of which that was all.
    pub(super) fn read(&mut self, pipe: PipeName, mut count: u64) -> Vec<usize> {
        let unread = &mut self.unread[of(pipe)];
        let mut done = Vec::new();
        while let Some((index, left)) = unread.front_mut() {
            if *left > count {
                *left -= count;
                break;
            }
            count -= *left;
            done.push(*index);
            unread.pop_front();
        }
        done
    }
}

fn of(pipe: PipeName) -> usize {
    match pipe {
        PipeName::Control => 0,
        PipeName::Status => 1,
    }
}

fn is_of_protocol(name: &str) -> bool {
    name.starts_with("__AFL") || name.starts_with("__TINE") || name == env::name(env::MAP_SIZE)
}
