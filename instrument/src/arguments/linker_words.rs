//! What the linker is told by `-Wl,` and `-Xlinker`, as far as tine has to know.

use super::{Architecture, Facts, Output};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Reads the linker's words into `facts`. They win over the driver's own, behind which
/// it puts them.
pub(super) fn read(words: &[OsString], facts: &mut Facts) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut after = || words.next().cloned();
        match word.to_string_lossy().as_ref() {
            "-shared" | "--shared" | "-Bshareable" => facts.output = Output::SharedObject,
            "-r" | "-i" | "-Ur" | "--relocatable" => facts.output = Output::Relocatable,
            "-T" | "--script" | "-script" | "-dT" | "--default-script" => {
                facts.scripts.extend(after());
            }
            "-o" | "--output" | "-output" => {
                facts.output_file = after().map(Into::into).or(facts.output_file.take());
            }
            "--wrap" | "-wrap" => facts.wrapped.extend(after().map(text)),
            "-m" => emulation(&after().map(text).unwrap_or_default(), facts),
            // Names that nobody wants to be taken for options of the above.
            "-z" | "-u" | "-e" | "-h" | "-y" | "-L" | "-l" | "-soname" | "-rpath" => {
                after();
            }
            "-lc" => facts.names_libc = true,
            other => joined(word, other, facts),
        }
    }
}

/// Options whose value stands in the same word.
fn joined(word: &OsStr, text: &str, facts: &mut Facts) {
    let value = |options: &[&str]| {
        let mut options = options.iter();
        options.find_map(|option| {
            let value = word.as_bytes().strip_prefix(option.as_bytes())?;
            (!value.is_empty()).then(|| OsStr::from_bytes(value).to_owned())
        })
    };
    if let Some(script) = value(&["--script=", "-script=", "--default-script="]) {
        facts.scripts.push(script);
    } else if let Some(script) = value(&["-T"]) {
        if is_script(&script) {
            facts.scripts.push(script);
        }
    } else if let Some(file) = value(&["--output=", "-output="]) {
        facts.output_file = Some(file.into());
    } else if let Some(name) = value(&["--wrap=", "-wrap="]) {
        facts.wrapped.insert(self::text(name));
    } else if let Some(name) = value(&["-melf"]) {
        emulation(&format!("elf{}", self::text(name)), facts);
    } else if !is_long(text)
        && let Some(file) = value(&["-o"])
    {
        facts.output_file = Some(file.into());
    }
}

/// `-oFILE` is an output; these are options.
fn is_long(text: &str) -> bool {
    ["-omagic", "-oformat", "-orphan-handling", "-output"]
        .iter()
        .any(|option| text.starts_with(option))
}

/// `-m EMULATION`.
fn emulation(name: &str, facts: &mut Facts) {
    if !name.starts_with("elf_x86_64") {
        facts.architecture = Architecture::Foreign(format!("-Wl,-m,{name}"));
    }
}

/// Whether what is joined to `-T` is a script: `-Ttext=0x…`, `-Tdata=…` and so on
/// move a section.
pub(super) fn is_script(joined: &OsStr) -> bool {
    !["text", "data", "bss", "rodata", "ldata"]
        .iter()
        .any(|section| joined.as_bytes().starts_with(section.as_bytes()))
}

fn text(word: OsString) -> String {
    word.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn facts(line: &str) -> Facts {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let mut facts = Facts::default();
        read(&words, &mut facts);
        facts
    }

    #[test]
    fn the_output_file() {
        for line in [
            "-o x",
            "-ox",
            "--output x",
            "--output=x",
            "-output=x",
            "-o y -o x -omagic",
            "-z -o -o x",
        ] {
            assert_eq!(
                facts(line).output_file.as_deref(),
                Some(Path::new("x")),
                "{line}"
            );
        }
        for line in ["--oformat=binary", "-omagic", "-O1", "-soname -ox"] {
            assert_eq!(facts(line).output_file, None, "{line}");
        }
    }

    #[test]
    fn wrapped_functions_and_emulations() {
        let wrapped = facts("--wrap=a --wrap b -wrap c -wrap=d -e --wrap=e").wrapped;
        let names: Vec<&str> = wrapped.iter().map(String::as_str).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
        for (line, foreign) in [
            ("-m elf_x86_64", false),
            ("-melf_x86_64_fbsd", false),
            ("-m elf_i386", true),
            ("-melf32_x86_64", true),
        ] {
            let architecture = facts(line).architecture;
            assert_eq!(
                matches!(architecture, Architecture::Foreign(_)),
                foreign,
                "{line}"
            );
        }
    }
}
