//! Decides how the linker is told where the counters go.
//!
//! A linker-script fragment gives the counters pages of their own. ld.bfd and
//! lld take it beside their own script; gold and mold take none.

use crate::{
    arguments::Facts,
    compiler::{Compiler, Family, which},
    error::InstrumentError,
    settings::Settings,
};
use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How to link.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Linking {
    /// The linker to use in place of the compiler's own choice.
    pub(crate) linker: Option<OsString>,
    /// The fragment is given.
    pub(crate) fragment: bool,
    /// What the user should know.
    pub(crate) warning: Option<String>,
    /// It is lld. Known only where it makes a difference ([`is_lld`]).
    pub(crate) is_lld: bool,
}

/// Decides for the link that `facts` describe.
pub(crate) fn decide(
    facts: &Facts,
    compiler: &Compiler,
    settings: &Settings,
) -> Result<Linking, InstrumentError> {
    if let Some(name) = facts.linker.as_deref().and_then(without_scripts) {
        return match compiler.family {
            Family::Clang => Err(InstrumentError::UnsupportedLinker {
                linker: name.to_owned(),
            }),
            // gcc's callbacks need no layout.
            Family::Gcc => Ok(Linking::default()),
        };
    }
    let lto = facts.lto
        || settings
            .sanitizers
            .contains(&crate::settings::Sanitizer::ControlFlow);
    let linker = match (compiler.family, lto, &facts.linker) {
        (Family::Clang, true, None) => lto_linker(compiler, settings)?,
        _ => None,
    };
    let is_lld = facts
        .linker
        .as_deref()
        .is_some_and(|name| name.contains("lld"))
        || linker.is_some();
    if let Some(script) = facts
        .scripts
        .iter()
        .find(|script| replaces_layout(Path::new(script)))
        && !is_lld
        && compiler.family == Family::Clang
    {
        // ld.bfd cannot insert into a script that is not its own: it fails, or
        // puts the counters' end in the wrong place.
        let warning = format!(
            "the linker script {script:?} leaves no room for the coverage counters' pages, so a fuzzer will get no coverage from this program: link with -fuse-ld=lld"
        );
        return Ok(Linking {
            linker,
            fragment: false,
            warning: Some(warning),
            is_lld: false,
        });
    }
    Ok(Linking {
        linker,
        fragment: true,
        warning: None,
        is_lld: false,
    })
}

/// Whether lld links: by the linker's name, or by what the compiler's own choice says it
/// is.
pub(crate) fn is_lld(facts: &Facts, linking: &Linking, compiler: &Compiler) -> bool {
    if linking.linker.is_some() {
        return true;
    }
    if let Some(name) = &facts.linker {
        return name.contains("lld");
    }
    let asked = Command::new(&compiler.program)
        .args(&compiler.leading)
        .arg("-Wl,--version")
        .stdin(Stdio::null())
        .output();
    asked.is_ok_and(|asked| String::from_utf8_lossy(&asked.stdout).contains("LLD"))
}

/// The name of `linker` if it takes no linker-script fragment.
fn without_scripts(linker: &str) -> Option<&str> {
    let name = Path::new(linker).file_name()?.to_str()?;
    (name.contains("gold") || name.contains("mold")).then_some(name)
}

/// Whether a script describes the whole layout. One with INSERT only adds to
/// it; one that cannot be read here (the linker searches more folders) is taken
/// for the worse.
fn replaces_layout(script: &Path) -> bool {
    std::fs::read_to_string(script).map_or(true, |text| !text.contains("INSERT"))
}

/// A linker that reads this clang's bitcode: its own lld (as an option), or
/// none if ld has clang's plugin.
fn lto_linker(
    compiler: &Compiler,
    settings: &Settings,
) -> Result<Option<OsString>, InstrumentError> {
    // /usr/bin/clang-19 is a link to /usr/lib/llvm-19/bin/clang.
    let real = compiler
        .path
        .canonicalize()
        .unwrap_or_else(|_| compiler.path.clone());
    let folder = real.parent().unwrap_or(Path::new("/"));
    let beside = Some(folder.join("ld.lld")).filter(|path| path.is_file());
    let version = version(&real).or_else(|| version(&compiler.path));
    let named = version.and_then(|v| which(OsStr::new(&format!("ld.lld-{v}")), settings));
    let any = || which(OsStr::new("ld.lld"), settings);
    if let Some(lld) = beside.or(named).or_else(any) {
        let mut option = OsString::from("--ld-path=");
        option.push(lld);
        return Ok(Some(option));
    }
    if folder.join("../lib/LLVMgold.so").is_file() {
        return Ok(None);
    }
    let package = version.map_or("lld".to_owned(), |v| format!("lld-{v}"));
    Err(InstrumentError::NoLtoLinker {
        compiler: compiler.path.clone(),
        package,
    })
}

/// The version in `/usr/lib/llvm-19/bin/clang` or `/usr/bin/clang++-19`.
pub(crate) fn version(path: &Path) -> Option<u32> {
    let number = |name: &OsStr| name.to_str()?.rsplit_once('-')?.1.parse().ok();
    let folder = |path: &Path| Some(PathBuf::from(path.parent()?.parent()?.file_name()?));
    number(path.file_name()?).or_else(|| number(folder(path)?.as_os_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    fn clang(path: &Path) -> Compiler {
        Compiler {
            program: path.to_owned(),
            leading: Vec::new(),
            path: path.to_owned(),
            family: Family::Clang,
        }
    }

    fn facts(linker: Option<&str>, lto: bool) -> Facts {
        Facts {
            linker: linker.map(str::to_owned),
            lto,
            ..Facts::default()
        }
    }

    #[test]
    fn linkers_without_scripts_are_refused_for_clang_only() {
        let mut compiler = clang(Path::new("/usr/bin/clang"));
        for linker in ["gold", "mold", "/usr/bin/ld.gold"] {
            let error = decide(&facts(Some(linker), false), &compiler, &Settings::default());
            assert!(
                matches!(error, Err(InstrumentError::UnsupportedLinker { .. })),
                "{linker}"
            );
        }
        for linker in [Some("lld"), Some("bfd"), Some("/opt/ld.lld"), None] {
            let linking = decide(&facts(linker, false), &compiler, &Settings::default()).unwrap();
            assert_eq!(
                linking,
                Linking {
                    fragment: true,
                    ..Linking::default()
                },
                "{linker:?}"
            );
        }
        compiler.family = Family::Gcc;
        let linking = decide(&facts(Some("gold"), false), &compiler, &Settings::default());
        assert_eq!(linking.unwrap(), Linking::default());
    }

    #[test]
    fn lto_takes_the_compilers_own_lld_then_its_plugin() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("llvm-19/bin");
        let lib = root.path().join("llvm-19/lib");
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&lib).unwrap();
        fs::write(bin.join("clang"), "").unwrap();
        let compiler = clang(&bin.join("clang"));
        let settings = Settings {
            path: Some(root.path().into()),
            ..Settings::default()
        };
        let decide = |facts: &Facts| decide(facts, &compiler, &settings);

        let error = decide(&facts(None, true)).unwrap_err().to_string();
        assert!(error.contains("install lld-19"), "{error}");

        fs::write(lib.join("LLVMgold.so"), "").unwrap();
        assert_eq!(decide(&facts(None, true)).unwrap().linker, None);

        let on_path = root.path().join("ld.lld-19");
        fs::write(&on_path, "").unwrap();
        fs::set_permissions(&on_path, fs::Permissions::from_mode(0o755)).unwrap();
        let option = |path: &Path| Some(OsString::from(format!("--ld-path={}", path.display())));
        assert_eq!(decide(&facts(None, true)).unwrap().linker, option(&on_path));

        let beside = bin.canonicalize().unwrap().join("ld.lld");
        fs::write(&beside, "").unwrap();
        assert_eq!(decide(&facts(None, true)).unwrap().linker, option(&beside));
        assert_eq!(decide(&facts(Some("bfd"), true)).unwrap().linker, None);
        assert_eq!(decide(&facts(None, false)).unwrap().linker, None);
    }

    #[test]
    fn a_script_that_replaces_the_layout_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = clang(Path::new("/usr/bin/clang"));
        let warned = |text: &str, linker: Option<&str>| {
            let script = folder.path().join("x.ld");
            fs::write(&script, text).unwrap();
            let facts = Facts {
                scripts: vec![script.into()],
                ..facts(linker, false)
            };
            let linking = decide(&facts, &compiler, &Settings::default()).unwrap();
            assert_eq!(linking.fragment, linking.warning.is_none());
            linking.warning.is_some()
        };
        assert!(warned("SECTIONS { .text : { *(.text) } }", None));
        assert!(!warned("SECTIONS { .text : { *(.text) } }", Some("lld")));
        assert!(!warned(
            "SECTIONS { .x : { *(.x) } } INSERT AFTER .text;",
            None
        ));
    }
}
