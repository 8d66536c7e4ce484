//! Programs with hardly any edges: the compiler made arithmetic of their branches, or the
//! code that reads the input is not instrumented.

/// With no more edges than this a program gives a fuzzer nothing to go by.
const FEW: usize = 3;

/// The reason, for people.
pub const WHY: &str = "the optimiser makes arithmetic of small branches, and code that tine-cc \
    did not compile has none";

/// What keeps the branches: at `-O2` too, or without optimisation.
pub const REMEDY: &str = "tine-cc -O0 …     # or, with clang, -Xclang -fsanitize=fuzzer-no-link";

/// Whether a program with so many edges has too few. Not known for every runtime.
#[must_use]
pub fn is_few(edges: Option<usize>) -> bool {
    edges.is_some_and(|edges| edges <= FEW)
}
