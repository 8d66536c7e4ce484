//! The files that a process has loaded: their call-frame information and the names
//! of their functions.

use framehop::{ExplicitModuleSectionInfo, Module, Unwinder, x86_64::UnwinderX86_64};
use object::{Object, ObjectSection, ObjectSegment, SymbolMap, SymbolMapName};
use std::{
    collections::HashMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a file says. Read once.
struct Contents {
    info: ExplicitModuleSectionInfo<Arc<[u8]>>,
    /// Functions: where each begins, and its name.
    symbols: Vec<(u64, String)>,
}

/// All files that were looked at.
#[derive(Default)]
pub struct Modules(HashMap<PathBuf, Option<Arc<Contents>>>);

impl std::fmt::Debug for Modules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// A file in the memory of a process.
struct Loaded {
    path: PathBuf,
    range: Range<u64>,
    bias: u64,
    contents: Arc<Contents>,
}

/// All files of a process.
pub struct LoadedModules {
    /// Knows how to go from a call to its caller.
    pub unwinder: UnwinderX86_64<Arc<[u8]>>,
    modules: Vec<Loaded>,
}

/// What an address belongs to.
pub struct Found<'a> {
    /// The file.
    pub path: &'a Path,
    /// What to take from an address to get the file's own.
    pub bias: u64,
    /// Where the function begins, in the file's own addresses.
    pub start: u64,
    /// Its name.
    pub function: Option<&'a str>,
}

impl Modules {
    /// The files in a process whose `/proc/PID/maps` this is.
    pub fn loaded(&mut self, maps: &str) -> LoadedModules {
        let mut unwinder = UnwinderX86_64::new();
        let mut ranges: Vec<(PathBuf, Range<u64>)> = Vec::new();
        for line in maps.lines() {
            let Some((path, range, offset)) = mapping(line) else {
                continue;
            };
            match ranges.last_mut() {
                Some((last, whole)) if *last == path => whole.end = range.end,
                _ if offset == 0 => ranges.push((path, range)),
                // What is mapped without its beginning was not loaded.
                _ => {}
            }
        }
        let mut modules = Vec::new();
        for (path, range) in ranges {
            let contents = self
                .0
                .entry(path.clone())
                .or_insert_with(|| read(&path).map(Arc::new));
            let Some(contents) = contents.clone() else {
                continue;
            };
            let bias = range.start.wrapping_sub(contents.info.base_svma);
            unwinder.add_module(Module::new(
                path.display().to_string(),
                range.clone(),
                range.start,
                contents.info.clone(),
            ));
            modules.push(Loaded {
                path,
                range,
                bias,
                contents,
            });
        }
        LoadedModules { unwinder, modules }
    }
}

impl LoadedModules {
    /// What is at an address.
    pub fn find(&self, address: u64) -> Option<Found<'_>> {
        let module = self
            .modules
            .iter()
            .find(|module| module.range.contains(&address))?;
        let own = address.wrapping_sub(module.bias);
        let symbols = &module.contents.symbols;
        let index = symbols.partition_point(|(start, _)| *start <= own);
        let symbol = index.checked_sub(1).map(|index| &symbols[index]);
        Some(Found {
            path: &module.path,
            bias: module.bias,
            start: symbol.map_or(own, |(start, _)| *start),
            function: symbol.map(|(_, name)| name.as_str()),
        })
    }
}

/// Whether code is the system's or a sanitizer's, which tells nothing about a crash.
pub fn is_of_system(path: &Path, function: Option<&str>) -> bool {
    const FOLDERS: [&str; 4] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
    const SANITIZERS: [&str; 12] = [
        "__asan",
        "__lsan",
        "__msan",
        "__tsan",
        "__ubsan",
        "__sanitizer",
        "__interceptor",
        "___interceptor",
        "_ZN6__asan",
        "_ZN6__lsan",
        "_ZN7__ubsan",
        "_ZN11__sanitizer",
    ];
    FOLDERS.iter().any(|folder| path.starts_with(folder))
        || function.is_some_and(|name| SANITIZERS.iter().any(|start| name.starts_with(start)))
}

/// The file, the addresses and the offset of a line of `/proc/PID/maps`.
fn mapping(line: &str) -> Option<(PathBuf, Range<u64>, u64)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    let range = number(start)?..number(end)?;
    let offset = number(fields.nth(1)?)?;
    let path = line.find('/').map(|at| PathBuf::from(&line[at..]))?;
    Some((path, range, offset))
}

fn read(path: &Path) -> Option<Contents> {
    let bytes = fs::read(path).ok()?;
    let file = object::File::parse(bytes.as_slice()).ok()?;
    let base_svma = file.segments().map(|segment| segment.address()).min()?;
    // The kernel maps whole pages.
    let base_svma = base_svma & !0xfff;
    let section = |name: &str| -> (Option<Range<u64>>, Option<Arc<[u8]>>) {
        let Some(section) = file.section_by_name(name) else {
            return (None, None);
        };
        let range = section.address()..section.address() + section.size();
        (Some(range), section.data().ok().map(Arc::from))
    };
    let (text_svma, text) = section(".text");
    let (eh_frame_svma, eh_frame) = section(".eh_frame");
    let (eh_frame_hdr_svma, eh_frame_hdr) = section(".eh_frame_hdr");
    let map: SymbolMap<SymbolMapName<'_>> = file.symbol_map();
    let mut symbols: Vec<(u64, String)> = map
        .symbols()
        .iter()
        .map(|symbol| (symbol.address(), symbol.name().to_owned()))
        .collect();
    symbols.sort();
    Some(Contents {
        info: ExplicitModuleSectionInfo {
            base_svma,
            text_svma,
            text,
            eh_frame_svma,
            eh_frame,
            eh_frame_hdr_svma,
            eh_frame_hdr,
            ..ExplicitModuleSectionInfo::default()
        },
        symbols,
    })
}

#[cfg(test)]
mod tests {
    use super::{is_of_system, mapping};
    use std::path::Path;

    #[test]
    fn lines_of_maps_are_read() {
        let line = "7f1200-7f1400 r-xp 00001000 08:01 131  /opt/a b/prog";
        let (path, range, offset) = mapping(line).unwrap();
        assert_eq!(path, Path::new("/opt/a b/prog"));
        assert_eq!((range, offset), (0x7f1200..0x7f1400, 0x1000));
        assert!(mapping("7f1200-7f1400 rw-p 00000000 00:00 0").is_none());
        assert!(mapping("7f1200-7f1400 rw-p 00000000 00:00 0  [heap]").is_none());
    }

    #[test]
    fn libc_and_sanitizers_are_the_systems() {
        for (path, function, expected) in [
            ("/usr/lib/x86_64-linux-gnu/libc.so.6", Some("raise"), true),
            ("/home/me/prog", Some("main"), false),
            ("/home/me/prog", None, false),
            ("/home/me/prog", Some("__asan_report_load1"), true),
            (
                "/home/me/prog",
                Some("_ZN6__asan18ReportGenericErrorEv"),
                true,
            ),
            ("/home/me/libmine.so", Some("parse"), false),
        ] {
            assert_eq!(is_of_system(Path::new(path), function), expected, "{path}");
        }
    }
}
