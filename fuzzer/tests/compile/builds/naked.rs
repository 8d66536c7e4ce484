//! Naked functions: registers and flags are theirs, also between the caller and the first
//! instruction.

use crate::compilers;
use tine_workbench::Workbench;

/// `through` returns its argument in a register and the flags as they were; `spread` keeps
/// every other register, too.
const SOURCE: &str = r#"
#include <stdio.h>
__attribute__((naked, noinline, used)) long through(void) { __asm__("ret"); }
__attribute__((naked, noinline, used)) static long spread(void) { __asm__("ret"); }
__attribute__((noinline)) int counted(int c) { if (c == 'a') puts("a"); return c == 'b'; }
static volatile long a, c, d, s, e;
static volatile unsigned char f;
#define PROBE(name) static long probe_##name(long v) { \
    __asm__ volatile("mov %%rbx, %%rax; mov %%rbx, %%rcx; mov %%rbx, %%rdx; mov %%rbx, %%rsi; mov %%rbx, %%r8; stc; \
        call " #name "; setc %5; mov %%rax, %0; mov %%rcx, %1; mov %%rdx, %2; mov %%rsi, %3; mov %%r8, %4" \
        : "=m"(a), "=m"(c), "=m"(d), "=m"(s), "=m"(e), "=m"(f) : "b"(v) \
        : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory"); \
    return f && c == a && d == a && s == a && e == a ? a : -1; }
PROBE(through)
PROBE(spread)
int main(void) { printf("%ld %ld\n", probe_through(1234), probe_spread(56)); return counted(getchar()); }
"#;

#[test]
fn registers_and_flags_pass_through_naked_functions() {
    let bench = Workbench::new();
    bench.write("p.c", SOURCE);
    let mut failures = Vec::new();
    for compiler in compilers() {
        for options in [
            "-O0 -fno-pie -no-pie",
            "-O2 -fno-pie -no-pie",
            "-O2 -fcf-protection=full -fno-pie -no-pie",
            "-O1 -static -fno-pie -no-pie",
            "-O1 -fno-pie -no-pie -ffunction-sections -Wl,--gc-sections",
        ] {
            let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
            let line = format!("-Wno-everything {options} p.c -o p");
            let line = line.replace(
                "-Wno-everything",
                if compiler.clang {
                    "-Wno-everything"
                } else {
                    "-w"
                },
            );
            let done = runner.args(line.split_whitespace()).run();
            if done.code() != Some(0) {
                failures.push(done.to_string());
                continue;
            }
            // Under a fuzzer the callback counts into other memory.
            let by_hand = bench.program(bench.path("p")).stdin("c").run();
            let shown = bench
                .tine()
                .args(["showmap", "-o", "map", "--", "./p"])
                .stdin("c")
                .env("AFL_DEBUG", "1")
                .run();
            if by_hand.stdout() != "1234 56\n"
                || !(shown.stdout() + &shown.stderr()).contains("1234 56")
            {
                failures.push(format!("{done}\n{by_hand}\n{shown}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
