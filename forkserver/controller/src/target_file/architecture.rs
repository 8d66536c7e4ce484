//! Architectures.

use std::fmt;

/// Architecture that an ELF file is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Architecture {
    /// `e_machine`.
    pub machine: u16,
    /// 32 or 64.
    pub bits: u8,
    /// Set if its numbers have the low byte first.
    pub little_endian: bool,
}

impl Architecture {
    const X86_64: u16 = 62;
    const AARCH64: u16 = 183;
    const RISCV: u16 = 243;

    /// Of the machine that this is built for.
    pub const HOST: Self = Self {
        machine: if cfg!(target_arch = "x86_64") {
            Self::X86_64
        } else if cfg!(target_arch = "aarch64") {
            Self::AARCH64
        } else if cfg!(target_arch = "riscv64") {
            Self::RISCV
        } else {
            0
        },
        bits: usize::BITS as u8,
        little_endian: cfg!(target_endian = "little"),
    };
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.machine {
            3 => "x86",
            8 => "MIPS",
            20 | 21 => "PowerPC",
            22 => "s390x",
            40 => "ARM",
            Self::X86_64 => "x86-64",
            Self::AARCH64 => "AArch64",
            Self::RISCV => "RISC-V",
            other => return write!(f, "{}-bit machine number {other}", self.bits),
        };
        write!(f, "{}-bit {name}", self.bits)
    }
}
