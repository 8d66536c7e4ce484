//! Makes the hooks of `tine-cc --cmplog`: an object file for each function that
//! compares buffers, so that a program takes those of the functions it calls.
//!
//! With `--wrap=NAME` the linker turns a program's calls of NAME into calls of
//! `__wrap_NAME`, which is the hook, and `__real_NAME` in the hook into NAME.

use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope, elf,
    write::{Object, Relocation, SectionId, StandardSection, Symbol, SymbolId, SymbolSection},
};
use std::error::Error;
use tine_protocol::routine::{self, Shape};

/// Name of an object file and what is in it.
pub type Member = (String, Vec<u8>);

/// Which linker the hooks are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// One that renames symbols when it reads them (ld.bfd): it takes the hooks of the
    /// functions that are called, and a hook brings its function.
    Renaming,
    /// lld, which renames at the end, and forgets the hooks of weak functions if it has
    /// not got them by then: it takes all hooks, also where there is no such function.
    Lld,
}

/// All hooks, and the mark of a program that has them.
pub fn members(linker: For) -> Result<Vec<Member>, Box<dyn Error>> {
    let mut members = vec![("mark.o".to_owned(), mark()?)];
    for (index, (name, shape)) in routine::all().enumerate() {
        members.push((format!("hook{index}.o"), hook(name, shape, linker)?));
    }
    Ok(members)
}

/// The hook of a function. `tine_cmplog_hook` lies in the module's record; it is null where
/// nothing is logged.
///
/// ```text
///     mov  rax, [rip + tine_cmplog_hook@GOTPCREL]
///     test rax, rax
///     je   1f
///     mov  rax, [rax]
///     test rax, rax
///     je   1f
///     mov  r10d, SHAPE
///     mov  r11, [rip + __real_NAME@GOTPCREL]
///     jmp  rax
/// 1:  jmp  [rip + __real_NAME@GOTPCREL]
/// ```
fn hook(name: &str, shape: Shape, linker: For) -> Result<Vec<u8>, Box<dyn Error>> {
    const CODE: [u8; 42] = [
        0x48, 0x8b, 0x05, 0, 0, 0, 0, // mov rax, [rip + …]
        0x48, 0x85, 0xc0, // test rax, rax
        0x74, 0x18, // je 1f
        0x48, 0x8b, 0x00, // mov rax, [rax]
        0x48, 0x85, 0xc0, // test rax, rax
        0x74, 0x10, // je 1f
        0x41, 0xba, 0, 0, 0, 0, // mov r10d, …
        0x4c, 0x8b, 0x1d, 0, 0, 0, 0, // mov r11, [rip + …]
        0xff, 0xe0, // jmp rax
        0x90, // nop
        0xff, 0x25, 0, 0, 0, 0, // 1: jmp [rip + …]
    ];
    const HOOK_AT: u64 = 3;
    const SHAPE_AT: usize = 22;
    const REAL_AT: [(u64, u32); 2] = [
        (29, elf::R_X86_64_REX_GOTPCRELX),
        (38, elf::R_X86_64_GOTPCRELX),
    ];

    let mut code = CODE;
    code[SHAPE_AT] = shape as u8;
    let mut object = new_object();
    let text = object.section_id(StandardSection::Text);
    let offset = object.append_section_data(text, &code, 16);
    object.add_symbol(Symbol {
        name: format!("__wrap_{name}").into_bytes(),
        value: offset,
        size: code.len() as u64,
        kind: SymbolKind::Text,
        // One hook serves its module; others have their own.
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(text),
        flags: SymbolFlags::None,
    });
    let hook = undefined(&mut object, routine::HOOK, true);
    // A static libc has memcmp and bcmp in one object file: asking for bcmp would bring a
    // second memcmp beside one of the program's own.
    let real = if name == "bcmp" { "memcmp" } else { name };
    let real = undefined(&mut object, &format!("__real_{real}"), linker == For::Lld);
    refer(
        &mut object,
        text,
        HOOK_AT,
        hook,
        elf::R_X86_64_REX_GOTPCRELX,
    )?;
    for (offset, kind) in REAL_AT {
        refer(&mut object, text, offset, real, kind)?;
    }
    Ok(object.write()?)
}

/// What a fuzzer looks for in a program.
fn mark() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut object = new_object();
    let data = object.section_id(StandardSection::ReadOnlyData);
    let offset = object.append_section_data(data, tine_protocol::signature::CMPLOG, 1);
    object.add_symbol(Symbol {
        name: routine::MARK.into(),
        value: offset,
        size: tine_protocol::signature::CMPLOG.len() as u64,
        kind: SymbolKind::Data,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(data),
        flags: SymbolFlags::None,
    });
    Ok(object.write()?)
}

fn new_object() -> Object<'static> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    // Without it linkers make the stack executable.
    let note = b".note.GNU-stack".to_vec();
    object.add_section(Vec::new(), note, SectionKind::Other);
    object
}

fn undefined(object: &mut Object<'_>, name: &str, weak: bool) -> SymbolId {
    object.add_symbol(Symbol {
        name: name.into(),
        value: 0,
        size: 0,
        kind: SymbolKind::Unknown,
        scope: SymbolScope::Unknown,
        weak,
        section: SymbolSection::Undefined,
        flags: SymbolFlags::None,
    })
}

/// The four bytes at `offset` are the distance from behind them to the address of
/// `symbol` in the global offset table.
fn refer(
    object: &mut Object<'_>,
    section: SectionId,
    offset: u64,
    symbol: SymbolId,
    r_type: u32,
) -> Result<(), Box<dyn Error>> {
    object.add_relocation(
        section,
        Relocation {
            offset,
            symbol,
            addend: -4,
            flags: RelocationFlags::Elf { r_type },
        },
    )?;
    Ok(())
}
