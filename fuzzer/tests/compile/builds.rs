//! `tine-cc` in the builds of others: words from elsewhere, names of sources, lists of
//! what to instrument, linkers, code that is hard to count.

mod ccache;
mod few_edges;
mod linkers;
mod naked;
mod selection;
mod words;

use tine_workbench::Workbench;

/// Whether an object file or a program refers to what counts its edges.
fn is_instrumented(bench: &Workbench, file: &str) -> bool {
    let bytes = std::fs::read(bench.path(file)).unwrap_or_default();
    let has = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    has(b"__sancov_cntrs") || has(b"__sanitizer_cov_trace_pc")
}
