//! The compare log, and what LibAFL's stages find with it.

mod support;

use libafl::corpus::{Corpus, InMemoryCorpus};
use libafl::events::NopEventManager;
use libafl::executors::{Executor, HasObservers};
use libafl::feedbacks::{CrashFeedback, MaxMapFeedback};
use libafl::fuzzer::NopFuzzer;
use libafl::inputs::BytesInput;
use libafl::mutators::{HavocScheduledMutator, I2SRandReplace, havoc_mutations};
use libafl::observers::ObserversTuple;
use libafl::observers::cmp::{CmpMap, CmpObserver, CmpValues, CmpValuesMetadata};
use libafl::schedulers::QueueScheduler;
use libafl::stages::{StdMutationalStage, TracingStage};
use libafl::state::{HasExecutions, HasSolutions, NopState, StdState};
use libafl::{Evaluator, Fuzzer, HasMetadata, StdFuzzer};
use libafl_bolts::ToSlice;
use libafl_bolts::rands::StdRand;
use libafl_bolts::tuples::{Handled, tuple_list};
use tine_libafl::{CompareObserver, CoverageObserver, TineExecutor};

/// Compares integers of each size with numbers, and bytes with a word.
const COMPARES: &str = r#"
#include <stdint.h>
#include <string.h>
#include <unistd.h>
struct __attribute__((packed)) header { uint8_t a; uint16_t b; uint32_t c; uint64_t d; char e[6]; };
int main(void) {
    struct header header;
    if (read(0, &header, sizeof header) != sizeof header) return 1;
    int right = header.a == 0x7b;
    right += header.b == 0x1234;
    right += header.c == 0x12345678;
    right += header.d == 0x123456789abcdef0;
    right += memcmp(header.e, "marvel", sizeof header.e) == 0;
    return right;
}
"#;

/// Crashes behind a number of eight bytes.
const MAGIC: &str = r#"
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    uint64_t number = 0;
    if (read(0, &number, sizeof number) != sizeof number) return 1;
    if (number == 0x1badb0055ca1ab1e) abort();
    return 0;
}
"#;

#[test]
fn operands_reach_the_metadata_and_only_those_of_the_last_run() {
    let folder = support::folder();
    let target = support::program(&folder, "compares", &["--cmplog"], COMPARES);
    let compares = CompareObserver::new("compares");
    let handle = compares.handle();
    let mut executor = TineExecutor::builder(&target)
        .compares(&compares)
        .start(tuple_list!(compares))
        .expect("a fork server");
    let mut state = NopState::<BytesInput>::new();
    // Fields of 1, 2, 4, 8 and 6 bytes.
    let bytes = b"\x01\x02\x02\x03\x03\x03\x03\x04\x04\x04\x04\x04\x04\x04\x04murmur";
    for input in [&bytes[..], b"short", bytes] {
        let input = BytesInput::new(input.to_vec());
        let observers = &mut *executor.observers_mut();
        observers
            .pre_exec_all(&mut state, &input)
            .expect("observers before");
        let kind = executor
            .run_target(&mut NopFuzzer::new(), &mut state, &mut (), &input)
            .expect("a run");
        let observers = &mut *executor.observers_mut();
        observers
            .post_exec_all(&mut state, &input, &kind)
            .expect("observers after");
        let metadata = state.metadata::<CmpValuesMetadata>().expect("operands");
        let has = |wanted: [u64; 2]| {
            metadata.list.iter().any(|values| {
                values
                    .to_u64_tuple()
                    .is_some_and(|(v0, v1, _)| [v0, v1] == wanted || [v1, v0] == wanted)
            })
        };
        let whole = input.as_ref().len() > 5;
        for wanted in [
            [0x01, 0x7b],
            [0x0202, 0x1234],
            [0x0303_0303, 0x1234_5678],
            [0x0404_0404_0404_0404, 0x1234_5678_9abc_def0],
        ] {
            assert_eq!(has(wanted), whole, "{wanted:x?}: {metadata:x?}");
        }
        let words = metadata.list.iter().any(|values| match values {
            CmpValues::Bytes((v0, v1)) => {
                let both = [v0.to_slice(), v1.to_slice()];
                both.iter().any(|v| v.starts_with(b"marvel"))
                    && both.iter().any(|v| v.starts_with(b"murmur"))
            }
            _ => false,
        });
        assert_eq!(words, whole, "{metadata:x?}");
        let observers = executor.observers();
        let map = observers[&handle].cmp_map();
        for site in 0..CmpMap::len(map) {
            assert!(map.executions_for(site) > 0 && map.site_number(site).is_some());
            let count = map.usable_executions_for(site);
            assert!(map.values_of(site, count).is_none());
            assert_eq!(
                (0..count).filter_map(|i| map.values_of(site, i)).count(),
                count
            );
        }
    }
}

/// Runs until a crash, or until `runs` are spent. Returns the number of crashes.
fn fuzz_with_a_tracer(target: &std::path::Path, logging: &std::path::Path, runs: u64) -> usize {
    let edges = CoverageObserver::new("edges");
    let mut feedback = MaxMapFeedback::new(&edges);
    let mut objective = CrashFeedback::new();
    let mut executor = TineExecutor::builder(target)
        .coverage(&edges)
        .start(tuple_list!(edges))
        .expect("a fork server");
    let compares = CompareObserver::new("compares");
    let tracer = TineExecutor::builder(logging)
        .compares(&compares)
        .start(tuple_list!(compares))
        .expect("a fork server that logs");

    let mut state = StdState::new(
        StdRand::with_seed(1),
        InMemoryCorpus::<BytesInput>::new(),
        InMemoryCorpus::new(),
        &mut feedback,
        &mut objective,
    )
    .expect("a state");
    let mut fuzzer = StdFuzzer::new(QueueScheduler::new(), feedback, objective);
    let mut manager = NopEventManager::new();
    let seed = BytesInput::new(b"a seed..".to_vec());
    fuzzer
        .add_input(&mut state, &mut executor, &mut manager, seed)
        .expect("a seed");
    let replace = HavocScheduledMutator::with_max_stack_pow(tuple_list!(I2SRandReplace::new()), 1);
    let mut stages = tuple_list!(
        TracingStage::new(tracer),
        StdMutationalStage::new(replace),
        StdMutationalStage::new(HavocScheduledMutator::new(havoc_mutations()))
    );
    while *state.executions() < runs && state.solutions().count() == 0 {
        fuzzer
            .fuzz_one(&mut stages, &mut executor, &mut state, &mut manager)
            .expect("a turn");
    }
    state.solutions().count()
}

#[test]
fn a_number_of_eight_bytes_is_found_with_the_log_and_not_without() {
    let folder = support::folder();
    let target = support::program(&folder, "magic", &[], MAGIC);
    let logging = support::program(&folder, "magic.cmplog", &["--cmplog"], MAGIC);
    assert!(fuzz_with_a_tracer(&target, &logging, 20_000) > 0);
    // A target that does not log gives nothing to replace.
    assert_eq!(fuzz_with_a_tracer(&target, &target, 2_000), 0);
}
