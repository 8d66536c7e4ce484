//! Leaks in a persistent process: each is a crash of the input that makes it.

use crate::compilers;
use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::in_process;

/// Leaks for `l`, frees for `f`, keeps for `k`.
const HARNESS: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
static void *volatile kept;
static void **list;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size != 1) return 0;
    if (data[0] == 'l') { kept = malloc(100); kept = NULL; }
    if (data[0] == 'f') { kept = malloc(100); free(kept); kept = NULL; }
    if (data[0] == 'k') { void **next = malloc(sizeof *next); *next = list; list = next; }
    return 0;
}
"#;

/// How it is built, what is set, and whether a leak is reported.
const WAYS: &[(&str, &str, &str, bool)] = &[
    ("leak", "LSAN_OPTIONS", "symbolize=0", true),
    (
        "address",
        "ASAN_OPTIONS",
        "detect_leaks=1:symbolize=0",
        true,
    ),
    ("address", "ASAN_OPTIONS", "detect_leaks=0", false),
];

#[test]
fn a_leak_is_a_crash_of_the_input_that_makes_it() {
    let bench = in_process();
    bench.write("harness.c", HARNESS);
    for compiler in compilers() {
        for (sanitizer, variable, value, is_reported) in WAYS {
            let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
            let cc = cc.args(["-O1", "-o", "harness", "harness.c"]);
            cc.arg(format!("-fsanitize={sanitizer},fuzzer"))
                .run()
                .assert_code(0);
            let mut config = TargetConfig::new(bench.path("harness"));
            config.env.push(((*variable).into(), (*value).into()));
            config.timeout = std::time::Duration::from_secs(20);
            let mut server = ForkServer::start(config).expect("it starts");
            for input in ["x", "f", "k", "l", "x", "k", "k", "l"] {
                let outcome = server.run(input.as_bytes()).expect("the server stays");
                let about = format!("{} {sanitizer} {value} {input}: {outcome}", compiler.name());
                if input == "l" && *is_reported {
                    assert!(
                        matches!(outcome, Outcome::Signaled { signal: 6, .. }),
                        "{about}"
                    );
                } else {
                    assert_eq!(outcome, Outcome::LoopDone, "{about}");
                }
            }
        }
    }
}
