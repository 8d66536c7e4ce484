//! From machine code to tokens.
//!
//! A function's code is read from its first to its last byte. What is known of a
//! register is forgotten at its next change, and all of it behind a jump or call, so
//! that a constant is never brought together with a comparison elsewhere.

use super::{
    compared::{Compared, compared},
    image::{Function, Image},
    tokens::Collection,
};
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};
use std::collections::HashMap;

const BITS: u32 = 64;

/// Registers of the first arguments.
const ARGUMENTS: [Register; 5] = [
    Register::RDI,
    Register::RSI,
    Register::RDX,
    Register::RCX,
    Register::R8,
];

/// What is known of a register.
#[derive(Debug, Clone)]
enum Value {
    Constant(u64),
    Address(u64),
    /// It was read from memory.
    Loaded(Place),
    /// It tells whether memory differs from these bytes: a comparison of many bytes,
    /// inlined, is one of a few at a time, whose results are put together.
    Difference(Vec<(Place, Vec<u8>)>),
}

/// Bytes in memory that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    base: Register,
    index: Register,
    scale: u32,
    displacement: i64,
    width: usize,
}

impl Place {
    /// The memory operand of an instruction.
    fn of(instruction: &Instruction) -> Self {
        Self {
            base: instruction.memory_base(),
            index: instruction.memory_index(),
            scale: instruction.memory_index_scale(),
            displacement: instruction.memory_displacement64() as i64,
            width: instruction.memory_size().size(),
        }
    }

    /// Whether another place lies beside this one or overlaps it, not before it.
    fn is_followed_by(&self, other: &Self) -> bool {
        let distance = other.displacement.wrapping_sub(self.displacement);
        (self.base, self.index, self.scale) == (other.base, other.index, other.scale)
            && (0..=self.width as i64).contains(&distance)
    }
}

/// Finds what a function compares with constants.
pub(super) fn scan(image: &Image<'_>, function: &Function<'_>, found: &mut Collection) {
    let mut factory = InstructionInfoFactory::new();
    let mut state = State {
        image,
        registers: HashMap::new(),
    };
    for instruction in Decoder::with_ip(BITS, function.code, function.start, DecoderOptions::NONE)
        .iter()
        .take_while(|instruction| !instruction.is_invalid())
    {
        match instruction.flow_control() {
            FlowControl::Next => {}
            FlowControl::ConditionalBranch => continue,
            _ => {
                if let Some(name) = callee(image, &instruction) {
                    state.compare_arguments(name, found);
                }
                state.forget_all(found);
                let is_end = instruction.flow_control() != FlowControl::Call;
                if is_end
                    && function
                        .last_block
                        .is_some_and(|last| instruction.ip() >= last)
                {
                    return;
                }
                continue;
            }
        }
        let value = state
            .compare(&instruction, found)
            .or_else(|| state.join(&instruction))
            .or_else(|| state.copy(&instruction))
            .or_else(|| value(&instruction));
        for used in factory.info(&instruction).used_registers() {
            if !matches!(used.access(), OpAccess::Read | OpAccess::CondRead) {
                state.forget(used.register().full_register(), found);
            }
        }
        if let Some(value) = value {
            let register = instruction.op0_register().full_register();
            state.registers.insert(register, value);
        }
    }
    state.forget_all(found);
}

/// What an instruction sets its register to, if it is a constant or comes from memory.
fn value(instruction: &Instruction) -> Option<Value> {
    let register = instruction.op0_register();
    let reads_memory = instruction.op1_kind() == OpKind::Memory;
    match instruction.mnemonic() {
        Mnemonic::Lea if instruction.is_ip_rel_memory_operand() => {
            Some(Value::Address(instruction.ip_rel_memory_address()))
        }
        Mnemonic::Mov if register.is_gpr32() || register.is_gpr64() => {
            if reads_memory {
                return Some(Value::Loaded(Place::of(instruction)));
            }
            let value = immediate(instruction)?;
            // Writing the lower half clears the upper one.
            let is_half = register.is_gpr32();
            Some(Value::Constant(if is_half {
                value & 0xffff_ffff
            } else {
                value
            }))
        }
        Mnemonic::Movzx
        | Mnemonic::Movss
        | Mnemonic::Movsd
        | Mnemonic::Vmovss
        | Mnemonic::Vmovsd
        | Mnemonic::Movdqu
        | Mnemonic::Movdqa
        | Mnemonic::Movups
        | Mnemonic::Movaps
        | Mnemonic::Vmovdqu
        | Mnemonic::Vmovdqa
        | Mnemonic::Vmovups
        | Mnemonic::Vmovaps
            if reads_memory && instruction.op0_kind() == OpKind::Register =>
        {
            Some(Value::Loaded(Place::of(instruction)))
        }
        _ => None,
    }
}

fn immediate(instruction: &Instruction) -> Option<u64> {
    let is_immediate = matches!(
        instruction.op1_kind(),
        OpKind::Immediate8
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    );
    is_immediate.then(|| instruction.immediate(1))
}

/// What is known at one place of a function.
struct State<'image, 'data> {
    image: &'image Image<'data>,
    registers: HashMap<Register, Value>,
}

impl State<'_, '_> {
    /// A register changes.
    fn forget(&mut self, register: Register, found: &mut Collection) {
        if let Some(Value::Difference(pieces)) = self.registers.remove(&register) {
            put_together(pieces, found);
        }
        self.registers.retain(|_, value| match value {
            Value::Loaded(place) => place.base != register && place.index != register,
            _ => true,
        });
    }

    fn forget_all(&mut self, found: &mut Collection) {
        for (_, value) in self.registers.drain() {
            if let Value::Difference(pieces) = value {
                put_together(pieces, found);
            }
        }
    }

    fn known(&self, register: Register) -> Option<&Value> {
        self.registers.get(&register.full_register())
    }

    fn constant_in(&self, register: Register) -> Option<u64> {
        match self.known(register) {
            Some(Value::Constant(value)) => Some(*value),
            _ => None,
        }
    }

    fn place_of(&self, register: Register) -> Option<Place> {
        match self.known(register) {
            Some(Value::Loaded(place)) => Some(*place),
            _ => None,
        }
    }

    /// Takes note of a comparison of a number, or of a few bytes at once. Returns what
    /// it leaves in a register.
    fn compare(&self, instruction: &Instruction, found: &mut Collection) -> Option<Value> {
        match instruction.mnemonic() {
            Mnemonic::Cmp | Mnemonic::Xor | Mnemonic::Sub => {
                self.compare_number(instruction, found)
            }
            Mnemonic::Ucomiss
            | Mnemonic::Ucomisd
            | Mnemonic::Comiss
            | Mnemonic::Comisd
            | Mnemonic::Vucomiss
            | Mnemonic::Vucomisd
            | Mnemonic::Vcomiss
            | Mnemonic::Vcomisd => {
                self.compare_float(instruction, found);
                None
            }
            Mnemonic::Pcmpeqb
            | Mnemonic::Vpcmpeqb
            | Mnemonic::Pxor
            | Mnemonic::Vpxor
            | Mnemonic::Xorps
            | Mnemonic::Vxorps
                if instruction.op_kind(instruction.op_count() - 1) == OpKind::Memory =>
            {
                let right = Place::of(instruction);
                // Of three operands the second one is compared. A vector that was not
                // just read is worked with rather than compared.
                let left = self.place_of(match instruction.op_count() {
                    2 => instruction.op0_register(),
                    _ => instruction.op1_register(),
                })?;
                let (place, bytes) = match (self.bytes(left), self.bytes(right)) {
                    (None, Some(bytes)) => (left, bytes),
                    (Some(bytes), None) => (right, bytes),
                    _ => return None,
                };
                Some(Value::Difference(vec![(place, bytes)]))
            }
            _ => None,
        }
    }

    /// What is at a place, if that never changes.
    fn bytes(&self, place: Place) -> Option<Vec<u8>> {
        if !matches!(place.base, Register::RIP | Register::None) || place.index != Register::None {
            return None;
        }
        let bytes = self.image.constant(place.displacement as u64)?;
        bytes.get(..place.width).map(<[u8]>::to_vec)
    }

    fn compare_number(&self, instruction: &Instruction, found: &mut Collection) -> Option<Value> {
        let register = |kind, register| (kind == OpKind::Register).then_some(register);
        let left = register(instruction.op0_kind(), instruction.op0_register());
        let right = register(instruction.op1_kind(), instruction.op1_register());
        // A function's frame.
        if left.is_some_and(|left| left.full_register() == Register::RSP) {
            return None;
        }
        let number = immediate(instruction)
            .or_else(|| self.constant_in(right?))
            .or_else(|| self.constant_in(left?))?;
        // An address is no constant of the input.
        if self.image.holds(number) {
            return None;
        }
        let in_memory = [instruction.op0_kind(), instruction.op1_kind()].contains(&OpKind::Memory);
        let place = if in_memory {
            Some(Place::of(instruction))
        } else {
            let place = left.and_then(|left| self.place_of(left));
            place.or_else(|| self.place_of(right?))
        };
        let Some(place) = place.filter(|place| (1..=8).contains(&place.width)) else {
            found.number(number, left.map_or(0, Register::size));
            return None;
        };
        if instruction.mnemonic() == Mnemonic::Xor && left.is_some() {
            let bytes = number.to_le_bytes()[..place.width].to_vec();
            return Some(Value::Difference(vec![(place, bytes)]));
        }
        found.number_in_memory(number, place.width);
        None
    }

    /// A floating-point constant comes from memory, right here or a little before.
    fn compare_float(&self, instruction: &Instruction, found: &mut Collection) {
        let right = match instruction.op1_kind() {
            OpKind::Memory => Some(Place::of(instruction)),
            _ => self.place_of(instruction.op1_register()),
        };
        let left = self.place_of(instruction.op0_register());
        for bytes in [left, right]
            .into_iter()
            .flatten()
            .filter_map(|place| self.bytes(place))
        {
            found.float(&bytes);
        }
    }

    /// What is moved from another register.
    fn copy(&self, instruction: &Instruction) -> Option<Value> {
        let moves = matches!(
            instruction.mnemonic(),
            Mnemonic::Mov | Mnemonic::Movdqa | Mnemonic::Movaps | Mnemonic::Movups
        );
        let (to, from) = (instruction.op0_register(), instruction.op1_register());
        if !moves || instruction.op1_kind() != OpKind::Register || to.size() < 4 {
            return None;
        }
        self.known(from)
            .filter(|value| !matches!(value, Value::Difference(_)))
            .cloned()
    }

    /// Puts the results of two comparisons together.
    fn join(&mut self, instruction: &Instruction) -> Option<Value> {
        let joins = matches!(
            instruction.mnemonic(),
            Mnemonic::Or
                | Mnemonic::Por
                | Mnemonic::Vpor
                | Mnemonic::Orps
                | Mnemonic::Vorps
                | Mnemonic::Pand
                | Mnemonic::Vpand
        );
        let last = instruction.op_count().checked_sub(1)?;
        if !joins || instruction.op_kind(last) != OpKind::Register {
            return None;
        }
        let sources =
            [last - 1, last].map(|number| instruction.op_register(number).full_register());
        let is_difference = |register| matches!(self.known(register), Some(Value::Difference(_)));
        if sources[0] == sources[1] || !sources.into_iter().all(is_difference) {
            return None;
        }
        let mut pieces = Vec::new();
        for source in sources {
            if let Some(Value::Difference(more)) = self.registers.remove(&source) {
                pieces.extend(more);
            }
        }
        Some(Value::Difference(pieces))
    }

    /// The arguments of a function that compares.
    fn compare_arguments(&self, name: &str, found: &mut Collection) {
        let argument = |number: usize| match self.known(*ARGUMENTS.get(number)?) {
            Some(Value::Constant(value) | Value::Address(value)) => Some(*value),
            _ => None,
        };
        let string = |number| argument(number).and_then(|at| self.image.string(at));
        let memory = |number, length| {
            let length = usize::try_from(argument(length)?).ok()?;
            self.image.constant(argument(number)?)?.get(..length)
        };
        match compared(name) {
            None | Some(Compared::Nothing) => {}
            Some(Compared::Strings(numbers)) => {
                for bytes in numbers.iter().filter_map(|&number| string(number)) {
                    found.string(bytes);
                }
            }
            Some(Compared::Memory(numbers, length)) => {
                for bytes in numbers.iter().filter_map(|&number| memory(number, length)) {
                    found.string(bytes);
                }
            }
            Some(Compared::Number(width)) => {
                if let Some(value) = argument(0) {
                    found.number(value, width);
                }
            }
        }
    }
}

/// Makes one token of what was compared piece by piece.
fn put_together(mut pieces: Vec<(Place, Vec<u8>)>, found: &mut Collection) {
    pieces.sort();
    let mut pieces = pieces.into_iter().peekable();
    while let Some((place, mut bytes)) = pieces.next() {
        let mut whole = place;
        while let Some((next, more)) = pieces.next_if(|(next, _)| whole.is_followed_by(next)) {
            let at = (next.displacement - whole.displacement) as usize;
            let known = bytes.len().saturating_sub(at);
            bytes.extend_from_slice(more.get(known..).unwrap_or_default());
            whole.width = bytes.len();
        }
        if whole.width > place.width || bytes.len() > 8 {
            found.string(&bytes);
        } else {
            let mut number = [0; 8];
            number[..bytes.len()].copy_from_slice(&bytes);
            found.number_in_memory(u64::from_le_bytes(number), bytes.len());
        }
    }
}

/// The name of the function that a call or a jump leads to.
fn callee<'image>(image: &'image Image<'_>, instruction: &Instruction) -> Option<&'image str> {
    let address = match instruction.flow_control() {
        FlowControl::Call | FlowControl::UnconditionalBranch => instruction.near_branch_target(),
        // By a word that the loader fills in.
        FlowControl::IndirectCall | FlowControl::IndirectBranch
            if instruction.is_ip_rel_memory_operand() =>
        {
            instruction.ip_rel_memory_address()
        }
        _ => return None,
    };
    image.name(address)
}
