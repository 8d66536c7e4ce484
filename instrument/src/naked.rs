//! gcc calls back at the first block of naked functions too, where nothing has saved what
//! the callback changes: registers are arguments and results there, and flags may be. gcc
//! has no option against it, so the call is taken out of what was linked.
//!
//! A naked function is known by its first instruction: any other function aligns the stack
//! before it calls.

use object::{Object, ObjectSection, ObjectSymbol, ReadCache, SymbolKind};
use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

const CALLBACK: &str = "__sanitizer_cov_trace_pc";

/// `endbr64`, with which functions begin under `-fcf-protection`.
const LANDING: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// Instructions that do nothing, as long as a call: by a distance, and one that a linker
/// made of a call through a table.
const NOTHING: [(&[u8], &[u8]); 2] = [
    (&[0xe8], &[0x0f, 0x1f, 0x44, 0x00, 0x00]),
    (&[0x67, 0xe8], &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00]),
];

/// Takes the callback out of the naked functions of a program or shared object. What is no
/// ELF file, or has no names of functions, stays as it is.
pub(crate) fn free(path: &Path) -> io::Result<()> {
    if !path.metadata().is_ok_and(|data| data.is_file()) {
        return Ok(());
    }
    let calls = calls(&ReadCache::new(File::open(path)?)).unwrap_or_default();
    if calls.is_empty() {
        return Ok(());
    }
    let file = File::options().write(true).open(path)?;
    for (offset, nothing) in calls {
        file.write_all_at(nothing, offset)?;
    }
    Ok(())
}

/// Places in the file, and what to write there.
fn calls<'data>(
    data: impl object::ReadRef<'data>,
) -> Result<Vec<(u64, &'static [u8])>, object::Error> {
    let file = object::File::parse(data)?;
    let callback = file
        .symbols()
        .find(|symbol| symbol.is_definition() && symbol.name() == Ok(CALLBACK));
    let Some(callback) = callback.map(|symbol| symbol.address()) else {
        return Ok(Vec::new());
    };
    let mut calls = Vec::new();
    for symbol in file.symbols() {
        // A part that was split off runs on the stack of the whole.
        let is_part = symbol.name().is_ok_and(|name| name.contains(".cold"));
        if symbol.kind() != SymbolKind::Text || !symbol.is_definition() || is_part {
            continue;
        }
        let Some(section) = symbol.section_index() else {
            continue;
        };
        let section = file.section_by_index(section)?;
        let Some((in_file, _)) = section.file_range() else {
            continue;
        };
        let mut address = symbol.address();
        if section.data_range(address, LANDING.len() as u64)? == Some(&LANDING) {
            address += LANDING.len() as u64;
        }
        for (call, nothing) in NOTHING {
            let length = nothing.len() as u64;
            let Some(code) = section.data_range(address, length)? else {
                continue;
            };
            let distance = code
                .strip_prefix(call)
                .and_then(|rest| rest.try_into().ok());
            let target = distance.map(|distance| {
                let distance = i64::from(i32::from_le_bytes(distance));
                (address + length).wrapping_add_signed(distance)
            });
            if target == Some(callback) {
                calls.push((in_file + address - section.address(), nothing));
            }
        }
    }
    Ok(calls)
}
