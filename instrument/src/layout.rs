//! Whether the linker gave the counters of what it linked pages of their own.

use crate::linker::Layout;
use object::{
    LittleEndian, ReadCache, ReadRef,
    elf::{self, FileHeader64, SectionHeader64},
    read::elf::{FileHeader, SectionHeader},
};
use std::{fs::File, os::unix::fs::FileExt, path::Path};
use tine_protocol::layout::coverage::{AFTER_COUNTERS, COUNTERS, PAGE_SIZE, SECTION_MARK};

const PAGE: u64 = PAGE_SIZE as u64;

/// A section as it lies in memory and in the file.
#[derive(Clone, Copy)]
struct Section {
    address: u64,
    offset: u64,
    size: u64,
}

/// Whether a fuzzer can map its memory over the counters of a program or a shared object.
/// What has none, or cannot be read as an ELF file, gives no reason to say otherwise.
/// One whose mark is wrong loses it, so that the runtime knows as well.
pub(crate) fn is_usable(path: &Path, layout: Layout) -> bool {
    let is_file = path.metadata().is_ok_and(|data| data.is_file());
    let Some(file) = is_file.then(|| File::open(path).ok()).flatten() else {
        return true;
    };
    match examine(&ReadCache::new(file), layout) {
        None | Some(Finding::Usable) => true,
        Some(Finding::NoPages) => false,
        Some(Finding::WrongMark(offset)) => {
            let wrong = File::options().write(true).open(path);
            // If it cannot be written, it was not made by this link.
            let _ = wrong.and_then(|file| file.write_all_at(&[0; MARK.len()], offset));
            false
        }
    }
}

/// What is found out about the counters.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Usable,
    /// They share pages with other data, or the linker put them into another section.
    NoPages,
    /// They share pages, but a mark at this offset of the file says otherwise.
    WrongMark(u64),
}

/// Section of the table that clang makes beside the counters.
const ADDRESSES: &str = "__sancov_pcs";

const MARK: [u8; 8] = SECTION_MARK.to_le_bytes();

fn examine<'data>(data: impl ReadRef<'data>, layout: Layout) -> Option<Finding> {
    let header = FileHeader64::<LittleEndian>::parse(data).ok()?;
    let sections = header.sections(LittleEndian, data).ok()?;
    let placed = |section: &SectionHeader64<LittleEndian>| Section {
        address: section.sh_addr(LittleEndian),
        offset: section.sh_offset(LittleEndian),
        size: section.sh_size(LittleEndian),
    };
    let section = |name: &str| {
        let (_, found) = sections.section_by_name(LittleEndian, name.as_bytes())?;
        Some(placed(found))
    };
    let after = section(AFTER_COUNTERS);
    if layout == Layout::Pages && after.is_none() {
        return Some(Finding::NoPages);
    }
    let Some(counters) = section(COUNTERS).filter(|section| section.size > 0) else {
        // Their addresses are there, but they are not.
        return section(ADDRESSES).map(|_| Finding::NoPages);
    };
    let end = counters.address + counters.size;
    if let Some(after) = after {
        // Data of others between the counters and the page after them.
        let is_between = |other: &Section| {
            other.size > 0 && (counters.address..after.address).contains(&other.address)
        };
        let in_memory = |section: &&SectionHeader64<LittleEndian>| {
            section.sh_flags(LittleEndian) & u64::from(elf::SHF_ALLOC) != 0
        };
        let between = sections
            .iter()
            .filter(in_memory)
            .map(placed)
            .filter(is_between);
        let is_alone = counters.address.is_multiple_of(PAGE)
            && after.address == end.next_multiple_of(PAGE)
            && between.count() == 1;
        return Some(match is_alone {
            true => Finding::Usable,
            false => Finding::WrongMark(after.offset),
        });
    }
    // The fragment's mark is in the last page or begins it, with nothing but zeros behind.
    let length = counters.size.min(PAGE + MARK.len() as u64);
    let last = counters.offset + counters.size - length;
    let tail = data.read_bytes_at(last, length).ok()?;
    let used = tail.len() - tail.iter().rev().take_while(|byte| **byte == 0).count();
    let is_alone = counters.address.is_multiple_of(PAGE)
        && end.is_multiple_of(PAGE)
        && tail[..used].ends_with(&MARK);
    Some(match is_alone {
        true => Finding::Usable,
        false => Finding::NoPages,
    })
}
