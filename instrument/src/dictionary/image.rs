//! A linked program: where its code and its constants are.

use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionFlags, SymbolKind, elf, read::elf::ElfFile64,
};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    ops::Range,
};

type Elf<'data> = ElfFile64<'data, LittleEndian>;

/// Bytes of an entry of clang's table of instrumented places: address and flags.
const PLACE: usize = 16;

/// Bytes of a relocation: its place, its kind, what is added.
const RELOCATION: usize = 24;

/// How much code is looked at behind the last instrumented place of a function whose
/// length is not known, in bytes.
const LAST_BLOCK: u64 = 4096;

/// Where a program begins that is not moved.
const LOWEST_ADDRESS: u64 = 0x40_0000;

/// gcc's callback at each basic block.
const TRACE_PC: &str = "__sanitizer_cov_trace_pc";

/// A section of a file.
pub(super) struct Section {
    /// Where it begins in the file, in bytes.
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

/// The section `name` of a program, if it is there.
pub(super) fn section(program: &[u8], name: &str) -> Result<Option<Section>, object::Error> {
    let elf = Elf::parse(program)?;
    let Some(section) = elf.section_by_name(name) else {
        return Ok(None);
    };
    let Some((offset, _)) = section.file_range() else {
        return Ok(None);
    };
    Ok(Some(Section {
        offset,
        bytes: section.data()?.to_vec(),
    }))
}

/// A part of the address space that is in the file.
struct Part<'data> {
    start: u64,
    bytes: &'data [u8],
    writable: bool,
    executable: bool,
    /// The loader makes it read-only after it relocated it.
    holds_pointers: bool,
}

/// A program.
pub(super) struct Image<'data> {
    parts: Vec<Part<'data>>,
    /// Sorted, without overlap.
    functions: Vec<Range<u64>>,
    /// Names of functions by address; also of those of other objects, by the address
    /// of the code that jumps to them and of the word that it jumps by.
    names: HashMap<u64, Cow<'data, str>>,
    /// Where gcc's callback is, and the code that jumps to it.
    callbacks: BTreeSet<u64>,
    /// What clang instrumented.
    places: BTreeSet<u64>,
    /// The functions' lengths are known.
    has_symbols: bool,
    /// What the loader puts into a word.
    pointers: HashMap<u64, u64>,
    /// The C library is part of it.
    is_static: bool,
}

/// A function's code.
pub(super) struct Function<'image> {
    /// Address of its first byte.
    pub(super) start: u64,
    pub(super) code: &'image [u8],
    /// Where its length is not known: its last instrumented place. It ends with the
    /// block that begins there.
    pub(super) last_block: Option<u64>,
}

impl<'data> Image<'data> {
    pub(super) fn parse(program: &'data [u8]) -> Result<Self, object::Error> {
        let elf = Elf::parse(program)?;
        let mut parts = Vec::new();
        for section in elf.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            let has = |flag: u32| sh_flags & u64::from(flag) != 0;
            if !has(elf::SHF_ALLOC) {
                continue;
            }
            let name = section.name().unwrap_or_default();
            parts.push(Part {
                start: section.address(),
                bytes: section.data().unwrap_or_default(),
                writable: has(elf::SHF_WRITE),
                executable: has(elf::SHF_EXECINSTR),
                holds_pointers: name.starts_with(".data.rel.ro"),
            });
        }
        let mut image = Self {
            parts,
            functions: Vec::new(),
            names: HashMap::new(),
            callbacks: BTreeSet::new(),
            places: BTreeSet::new(),
            has_symbols: true,
            pointers: HashMap::new(),
            is_static: false,
        };
        image.read_symbols(&elf);
        image.read_relocations(&elf);
        image.find_functions(&elf);
        Ok(image)
    }

    /// The instrumented functions.
    pub(super) fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        self.functions.iter().filter_map(|range| {
            let code = self.bytes(range.start, |part| part.executable)?;
            let len = usize::try_from(range.end - range.start).ok()?;
            let last = self.places.range(range.clone()).next_back();
            Some(Function {
                start: range.start,
                code: code.get(..len).unwrap_or(code),
                last_block: last.copied().filter(|_| !self.has_symbols),
            })
        })
    }

    /// The name of the function that begins at an address, or that a jump to it leads
    /// to, or that a call through this word leads to.
    pub(super) fn name(&self, address: u64) -> Option<&str> {
        self.names.get(&address).map(AsRef::as_ref)
    }

    /// The bytes from an address on, if nothing can change them while the program runs.
    pub(super) fn constant(&self, address: u64) -> Option<&[u8]> {
        self.bytes(address, |part| !part.writable && !part.executable)
    }

    /// Whether a number is probably an address: of something in a program that is not
    /// moved when it is loaded.
    pub(super) fn holds(&self, number: u64) -> bool {
        number >= LOWEST_ADDRESS && self.bytes(number, |_| true).is_some()
    }

    /// A string at an address, if nothing can change it.
    pub(super) fn string(&self, address: u64) -> Option<&[u8]> {
        let bytes = self.constant(address)?;
        let end = bytes.iter().position(|&byte| byte == 0)?;
        Some(&bytes[..end])
    }

    /// Hands out the strings to which tables of pointers point. Not in a static
    /// program: most are the C library's there.
    pub(super) fn words(&self, mut hand_out: impl FnMut(&[u8])) {
        if self.is_static {
            return;
        }
        let tables = self.parts.iter().filter(|part| part.holds_pointers);
        let words = tables.flat_map(|part| {
            let slots = part.bytes.chunks_exact(8).enumerate();
            slots.map(|(index, word)| {
                let address = part.start + 8 * index as u64;
                self.pointers
                    .get(&address)
                    .copied()
                    .unwrap_or_else(|| number(word))
            })
        });
        for address in words {
            if let Some(word) = self.string(address) {
                hand_out(word);
            }
        }
    }

    fn bytes(&self, address: u64, fits: impl Fn(&Part<'_>) -> bool) -> Option<&[u8]> {
        self.parts.iter().find_map(|part| {
            let at = usize::try_from(address.checked_sub(part.start)?).ok()?;
            let bytes = part.bytes.get(at..).filter(|bytes| !bytes.is_empty())?;
            fits(part).then_some(bytes)
        })
    }

    fn read_symbols(&mut self, elf: &Elf<'data>) {
        for symbol in elf.symbols().chain(elf.dynamic_symbols()) {
            let Ok(name) = symbol.name() else { continue };
            let is_code = || {
                self.bytes(symbol.address(), |part| part.executable)
                    .is_some()
            };
            // Of a function that is chosen when the program starts, the symbol is
            // neither code nor data.
            if symbol.is_undefined() || symbol.kind() != SymbolKind::Text && !is_code() {
                continue;
            }
            self.is_static |= name == "__libc_start_main";
            if name == TRACE_PC {
                self.callbacks.insert(symbol.address());
            }
            // Of a function's several names, the one that says what it compares.
            let known = self.names.entry(symbol.address()).or_insert(name.into());
            if super::compared::compared(name).is_some() {
                *known = name.into();
            }
        }
    }

    fn read_relocations(&mut self, elf: &Elf<'data>) {
        let imported: HashMap<_, _> = elf
            .dynamic_symbols()
            .filter_map(|symbol| Some((symbol.index(), symbol.name().ok()?)))
            .collect();
        for (address, relocation) in elf.dynamic_relocations().into_iter().flatten() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                continue;
            };
            match (r_type, relocation.target()) {
                (elf::R_X86_64_RELATIVE, _) => {
                    self.pointers.insert(address, relocation.addend() as u64);
                }
                (
                    elf::R_X86_64_JUMP_SLOT | elf::R_X86_64_GLOB_DAT,
                    RelocationTarget::Symbol(index),
                ) => {
                    if let Some(&name) = imported.get(&index) {
                        self.names.insert(address, name.into());
                    }
                }
                _ => {}
            }
        }
        // Functions that are chosen when a static program starts.
        for section in elf.sections() {
            if !section
                .name()
                .is_ok_and(|name| matches!(name, ".rela.plt" | ".rela.iplt"))
            {
                continue;
            }
            let bytes = section.data().unwrap_or_default();
            for entry in bytes.chunks_exact(RELOCATION) {
                let word = |index: usize| number(&entry[8 * index..][..8]);
                if word(1) as u32 == elf::R_X86_64_IRELATIVE
                    && let Some(name) = self.names.get(&word(2)).cloned()
                {
                    self.names.insert(word(0), name);
                }
            }
        }
        // The code that jumps by such a word stands for the function.
        let stubs: Vec<_> = elf
            .sections()
            .filter(|section| {
                section
                    .name()
                    .is_ok_and(|name| name.starts_with(".plt") || name == ".iplt")
            })
            .filter_map(|section| Some((section.address(), section.data().ok()?)))
            .collect();
        for (start, code) in stubs {
            for (entry, slot) in super::calls::stubs(start, code) {
                if let Some(name) = self.names.get(&slot).cloned() {
                    if name == TRACE_PC {
                        self.callbacks.insert(entry);
                    }
                    self.names.entry(entry).or_insert(name);
                }
            }
        }
    }

    /// Functions with instrumented places in them.
    fn find_functions(&mut self, elf: &Elf<'data>) {
        let mut places = BTreeSet::new();
        let mut entries = BTreeSet::new();
        if let Some(section) = elf.section_by_name("__sancov_pcs") {
            let bytes = section.data().unwrap_or_default();
            for (index, place) in bytes.chunks_exact(PLACE).enumerate() {
                let at = section.address() + (index * PLACE) as u64;
                let address = self.pointers.get(&at).copied();
                let address = address.unwrap_or_else(|| number(&place[..8]));
                // The lowest bit marks a function's entry.
                if number(&place[8..]) & 1 == 1 {
                    entries.insert(address);
                }
                places.insert(address);
            }
        }
        let mut functions: Vec<Range<u64>> = elf
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
            .map(|symbol| symbol.address()..symbol.address().saturating_add(symbol.size()))
            .filter(|range| places.range(range.clone()).next().is_some() || self.calls_back(range))
            .collect();
        self.has_symbols = !functions.is_empty();
        if functions.is_empty() {
            // Without symbols, from each entry to the next, but not far behind the
            // last place that is instrumented.
            let next = |entry: u64| entries.range(entry + 1..).next().copied();
            let end = |entry: u64| {
                let next = next(entry).unwrap_or(u64::MAX);
                let last = places.range(entry..next).next_back().unwrap_or(&entry);
                next.min(last.saturating_add(LAST_BLOCK))
            };
            functions = entries.iter().map(|&entry| entry..end(entry)).collect();
        }
        functions.sort_unstable_by_key(|range| (range.start, range.end));
        functions.dedup_by_key(|range| range.start);
        self.functions = functions;
        self.places = places;
    }

    /// Whether gcc instrumented a function.
    fn calls_back(&self, range: &Range<u64>) -> bool {
        if self.callbacks.is_empty() {
            return false;
        }
        let Some(code) = self.bytes(range.start, |part| part.executable) else {
            return false;
        };
        let len = usize::try_from(range.end - range.start).unwrap_or_default();
        let code = code.get(..len).unwrap_or(code);
        super::calls::calls(range.start, code, &self.callbacks)
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap_or_default())
}
