//! Calls and jumps in machine code, without what they are about.

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Mnemonic};
use std::collections::BTreeSet;

const BITS: u32 = 64;

/// The entries of a section of stubs, each with the address of the word by which it
/// jumps.
pub(super) fn stubs(start: u64, code: &[u8]) -> Vec<(u64, u64)> {
    let mut stubs = Vec::new();
    let mut entry = start;
    for instruction in &mut Decoder::with_ip(BITS, code, start, DecoderOptions::NONE) {
        // An entry may begin with a mark for indirect jumps.
        if matches!(instruction.code(), Code::Endbr64) {
            entry = instruction.ip();
        }
        if instruction.mnemonic() == Mnemonic::Jmp && instruction.is_ip_rel_memory_operand() {
            let begins = if instruction.ip() - entry <= 4 {
                entry
            } else {
                instruction.ip()
            };
            stubs.push((begins, instruction.ip_rel_memory_address()));
        }
    }
    stubs
}

/// Whether some code calls one of these functions.
pub(super) fn calls(start: u64, code: &[u8], callees: &BTreeSet<u64>) -> bool {
    Decoder::with_ip(BITS, code, start, DecoderOptions::NONE)
        .iter()
        .any(|instruction| {
            instruction.flow_control() == FlowControl::Call
                && callees.contains(&instruction.near_branch_target())
        })
}
