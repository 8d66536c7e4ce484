//! Makes the object file that gives clang's counters pages of their own where the linker
//! takes no script beside its own, or has one of the user's.
//!
//! It is the first on the link line. Linkers put sections that they have no place for in
//! the order in which they met them, or by their names. So the counters begin with a page,
//! and what follows them is not the program's data but a section that begins with the next
//! one. `tine-cc` looks afterwards whether that is so.

use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
    write::{Object, Symbol, SymbolSection},
};
use std::error::Error;
use tine_protocol::layout::coverage::{
    AFTER_COUNTERS, COUNTERS, KEEP_AFTER_COUNTERS, PAGE_SIZE, SECTION_MARK,
};

/// The object file.
pub fn object() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let page = PAGE_SIZE as u64;
    let counters = object.add_section(Vec::new(), COUNTERS.into(), SectionKind::Data);
    object.append_section_data(counters, &[], page);
    let after = object.add_section(Vec::new(), AFTER_COUNTERS.into(), SectionKind::Data);
    let mut content = SECTION_MARK.to_le_bytes().to_vec();
    content.resize(PAGE_SIZE, 0);
    object.append_section_data(after, &content, page);
    object.add_symbol(Symbol {
        name: KEEP_AFTER_COUNTERS.into(),
        value: 0,
        size: page,
        kind: SymbolKind::Data,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(after),
        flags: SymbolFlags::None,
    });
    // Without it linkers make the stack executable.
    object.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
    Ok(object.write()?)
}
