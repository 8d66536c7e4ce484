//! Callbacks of compilers at each comparison of integers, each switch, and (gcc) each
//! comparison of floating-point numbers.

use super::{Log, site};
use tine_protocol::layout::{
    cmplog::{Kind, Operands, attribute},
    module::{CALLBACKS, Callback},
};

/// More cases than a switch in source code has; of a generated one the first.
const MAX_CASES: u64 = 256;

/// Limit of entries of a switch in a run. Interpreters go through one all the time.
const MAX_SWITCH_HITS: u32 = 32;

/// A callback by its name. It looks
/// whether there is a log before it does anything else; where it was called from is the
/// site. `$arguments` puts the operands into rdi and rsi, and their shape into ecx.
macro_rules! callback {
    ($name:expr, $handler:literal, $($arguments:literal),*) => {
        core::arch::global_asm!(
            concat!(".pushsection .text.", $name, ", \"ax\", @progbits"),
            concat!(".globl ", $name),
            concat!(".type ", $name, ", @function"),
            concat!($name, ":"),
            "cmp qword ptr [rip + tine_log_base], 0",
            "je 9f",
            $($arguments,)*
            "mov rdx, qword ptr [rsp]",
            concat!("jmp ", $handler),
            "9: ret",
            concat!(".size ", $name, ", . - ", $name),
            ".popsection",
        );
    };
}

/// The two callbacks for integers of a width; with one the first is a constant.
macro_rules! integers {
    ($bytes:literal, $($arguments:literal),*) => {
        callback!(
            concat!("__sanitizer_cov_trace_cmp", $bytes),
            "tine_log_instruction",
            $($arguments),*
        );
        callback!(
            concat!("__sanitizer_cov_trace_const_cmp", $bytes),
            "tine_log_instruction",
            $($arguments),*
        );
    };
}

integers!("1", "movzx edi, dil", "movzx esi, sil", "mov ecx, 1");
integers!("2", "movzx edi, di", "movzx esi, si", "mov ecx, 2");
integers!("4", "mov edi, edi", "mov esi, esi", "mov ecx, 4");
integers!("8", "mov ecx, 8");
callback!(
    "__sanitizer_cov_trace_cmpf",
    "tine_log_instruction",
    "movd edi, xmm0",
    "movd esi, xmm1",
    "mov ecx, 0x804"
);
callback!(
    "__sanitizer_cov_trace_cmpd",
    "tine_log_instruction",
    "movq rdi, xmm0",
    "movq rsi, xmm1",
    "mov ecx, 0x808"
);
callback!(
    "__sanitizer_cov_trace_switch",
    "tine_log_cases",
    "xor ecx, ecx"
);

const _: () = assert!(attribute::FLOATING_POINT == 8);

// What shared objects have of them, in the order of `layout::module::CALLBACKS`.
core::arch::global_asm!(
    ".pushsection .data.rel.ro.tine_callbacks, \"aw\", @progbits",
    ".p2align 3",
    ".globl tine_callbacks",
    ".hidden tine_callbacks",
    ".type tine_callbacks, @object",
    ".size tine_callbacks, 88",
    "tine_callbacks:",
    ".quad __sanitizer_cov_trace_cmp1",
    ".quad __sanitizer_cov_trace_cmp2",
    ".quad __sanitizer_cov_trace_cmp4",
    ".quad __sanitizer_cov_trace_cmp8",
    ".quad __sanitizer_cov_trace_const_cmp1",
    ".quad __sanitizer_cov_trace_const_cmp2",
    ".quad __sanitizer_cov_trace_const_cmp4",
    ".quad __sanitizer_cov_trace_const_cmp8",
    ".quad __sanitizer_cov_trace_cmpf",
    ".quad __sanitizer_cov_trace_cmpd",
    ".quad __sanitizer_cov_trace_switch",
    ".popsection",
);

unsafe extern "C" {
    static tine_callbacks: [Callback; CALLBACKS.len()];
}

/// The table of the callbacks.
pub(super) fn table() -> *mut Callback {
    (&raw const tine_callbacks).cast_mut().cast()
}

/// A comparison of `v0` and `v1` at `address`. The lowest byte of `shape` is their
/// width in bytes, the next one the attribute.
#[unsafe(no_mangle)]
extern "C" fn tine_log_instruction(v0: u64, v1: u64, address: usize, shape: u32) {
    if let Some(log) = Log::current() {
        write(log, site(address), v0, v1, shape as u8, (shape >> 8) as u8);
    }
}

/// A switch over `value`: `table` holds the number of cases, the width of the value in
/// bits, and the cases.
#[unsafe(no_mangle)]
extern "C" fn tine_log_cases(value: u64, table: *const u64, address: usize) {
    let Some(log) = Log::current() else { return };
    // SAFETY: the compiler put the two words there, and as many cases as it says.
    let (count, bits) = unsafe { (table.read(), table.add(1).read()) };
    let bytes = (bits / 8).clamp(1, 8) as u8;
    let seen = log.header(site(address)).map_or(0, |header| header.hits);
    if seen >= MAX_SWITCH_HITS {
        return;
    }
    for index in 0..count.min(MAX_CASES) as usize {
        // SAFETY: as above.
        let case = unsafe { table.add(2 + index).read() };
        write(
            log,
            site(address.wrapping_add(index)),
            value,
            case,
            bytes,
            attribute::EQUAL,
        );
    }
}

fn write(log: Log, site: u16, v0: u64, v1: u64, bytes: u8, attribute: u8) {
    let entry = log.enter(site, Kind::Instruction, bytes, attribute);
    let [first, _, second, _] = Operands::offsets(log.layout);
    // SAFETY: the offsets lie in the entry, aligned to 8 bytes as it is itself. Other
    // processes read it, so it is written volatile.
    unsafe {
        entry.add(first).cast::<u64>().write_volatile(v0);
        entry.add(second).cast::<u64>().write_volatile(v1);
    }
}
