//! What the target's file says, before it is started.

use crate::{
    commands::doctor::finding::{Finding, Id},
    environment::Variables,
    target::libraries::{Libraries, Runtime},
};
use object::{Object, ObjectSymbol};
use std::{
    ffi::{OsStr, OsString},
    fs,
    path::Path,
};
use tine_controller::{TargetFile, TargetFileError};

/// Calls that a fork server does not get on with, and what to know of them.
const CALLS: &[(&[&str], &str, &str)] = &[
    (
        &[
            "execl",
            "execle",
            "execlp",
            "execv",
            "execve",
            "execvp",
            "execvpe",
            "fexecve",
            "posix_spawn",
            "posix_spawnp",
            "system",
            "popen",
        ],
        "starts other programs",
        "their code is not seen; if it becomes another program in a run, the rest of the run is not \
         either",
    ),
    (
        &["daemon", "setsid"],
        "may leave for the background",
        "such a process outlives its run; an option that keeps it in the foreground helps",
    ),
    (
        &["kill", "killpg"],
        "may send signals",
        "kill(-1, …), with a number from the input perhaps, ends every process of yours; if it may \
         do that, give it processes of its own:",
    ),
];

/// Looks at the file. `None` if it cannot be started.
pub fn examine(
    command: &[OsString],
    variables: &Variables,
    say: &mut dyn FnMut(Finding),
) -> Option<TargetFile> {
    let program = command.first().map_or(OsStr::new(""), OsString::as_os_str);
    let any_file = variables.is_set("AFL_SKIP_BIN_CHECK");
    let inspected = if any_file {
        TargetFile::inspect_unchecked(program)
    } else {
        TargetFile::inspect(program)
    };
    let path = match &inspected {
        Ok(file) => &file.path,
        Err(TargetFileError::NotInstrumented { path }) => path,
        Err(error) => {
            say(refused(error, program));
            return None;
        }
    };
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) => {
            say(Finding::fails(
                Id::File,
                format!("{}: {error}", path.display()),
            ));
            return None;
        }
    };
    say(Finding::ok(Id::File, path.display().to_string()));
    let libraries = Libraries::of(path, &content);
    let linkage = linkage(&libraries);
    let is_fit = linkage.level != crate::commands::doctor::finding::Level::Fails;
    say(linkage);
    let file = match inspected {
        Ok(file) => file,
        Err(_) => {
            say(not_instrumented(path, &libraries));
            return None;
        }
    };
    say(instrumented(&file));
    // A sanitizer brings all of these calls along, whoever uses them.
    if file.sanitizer.is_none() {
        calls(&content, &file).into_iter().for_each(&mut *say);
    }
    is_fit.then_some(file)
}

fn refused(error: &TargetFileError, program: &OsStr) -> Finding {
    let name = program.display();
    match error {
        TargetFileError::NotFound { on_path, .. } => {
            let finding = Finding::fails(Id::File, format!("there is no {name}"));
            if *on_path {
                finding.remedy(format!(
                    "tine doctor -- ./{name}     # if it is in this folder"
                ))
            } else {
                finding.why("is the path right?")
            }
        }
        TargetFileError::NotAFile { what, .. } => {
            Finding::fails(Id::File, format!("{name} is {what}, not a program"))
        }
        TargetFileError::NotExecutable { path } => {
            Finding::fails(Id::File, format!("{name} is not executable"))
                .remedy(format!("chmod +x {}", path.display()))
        }
        TargetFileError::Unreadable { source, .. } => {
            Finding::fails(Id::File, format!("{name}: {source}"))
        }
        TargetFileError::Script { interpreter, .. } => {
            Finding::fails(Id::File, format!("{name} is a script for {interpreter}"))
                .why("tine needs the program that the script starts; libtool keeps it in .libs/")
                .remedy(
                    "./configure --disable-shared     # no script is made then\n\
                     AFL_SKIP_BIN_CHECK=1 tine fuzz …  # if the script does exec the program",
                )
        }
        TargetFileError::NotElf { .. } => Finding::fails(
            Id::File,
            format!("{name} is not a program for Linux (no ELF file)"),
        ),
        TargetFileError::NotAProgram { what, .. } => {
            Finding::fails(Id::File, format!("{name} is {what}, not a program"))
                .why("it has to be linked, by tine-cc or tine-c++")
                .remedy(format!("tine-cc -o PROGRAM {name}"))
        }
        TargetFileError::WrongArchitecture { found, .. } => {
            let host = tine_controller::target_file::Architecture::HOST;
            Finding::fails(
                Id::File,
                format!("{name} is built for {found}, tine for {host}"),
            )
            .why("fuzzer and target share memory, so both have to be of one kind")
            .remedy(if found.bits == 32 {
                "tine-cc …     # without -m32"
            } else {
                "tine-cc …     # on this machine, without a cross compiler"
            })
        }
        TargetFileError::NoLoader { interpreter, .. } => Finding::fails(
            Id::Linkage,
            format!("its loader {interpreter} is not there"),
        )
        .why("it was built for another system")
        .remedy("tine-cc -static …     # or build it here"),
        TargetFileError::NotInstrumented { .. } => {
            Finding::fails(Id::Instrumented, format!("{name} is not instrumented"))
        }
    }
}

fn instrumented(file: &TargetFile) -> Finding {
    let mut what = String::from(match (file.instrumented, file.tine_runtime) {
        (_, true) => "by tine-cc",
        (true, false) => "by AFL's or AFL++'s compiler",
        (false, false) => "not checked (AFL_SKIP_BIN_CHECK)",
    });
    if file.persistent {
        what.push_str(", persistent");
    }
    if file.deferred {
        what.push_str(", deferred (__AFL_INIT)");
    }
    Finding::ok(Id::Instrumented, what)
}

fn not_instrumented(path: &Path, libraries: &Libraries) -> Finding {
    let finding = Finding::fails(
        Id::Instrumented,
        format!("{} is not instrumented", path.display()),
    );
    match libraries.instrumented() {
        Some((library, Runtime::Own)) => finding
            .why(format!("but {library}, which it loads, is, and brings a runtime"))
            .remedy("AFL_SKIP_BIN_CHECK=1 tine fuzz …"),
        Some((library, Runtime::OfProgram)) => finding
            .why(format!(
                "but {library}, which it loads, is: the fork server comes when the program is linked"
            ))
            .remedy("tine-cc -o PROGRAM …     # links it, whoever compiled it"),
        None => finding
            .why("it has no fork server and no counters: both come from tine's compiler")
            .remedy("make clean && make CC=tine-cc CXX=tine-c++"),
    }
}

/// What of [`CALLS`] a dynamic program imports.
fn calls(content: &[u8], file: &TargetFile) -> Vec<Finding> {
    let Ok(parsed) = object::File::parse(content) else {
        return Vec::new();
    };
    let imports: Vec<_> = parsed
        .dynamic_symbols()
        .filter(|symbol| symbol.is_undefined())
        .filter_map(|symbol| symbol.name().ok())
        .collect();
    CALLS
        .iter()
        .filter_map(|(names, what, why)| {
            let is_signals = names.contains(&"kill");
            // AFL's runtime itself calls kill().
            if is_signals && !file.tine_runtime {
                return None;
            }
            let used: Vec<_> = names
                .iter()
                .filter(|name| imports.contains(name))
                .copied()
                .collect();
            if used.is_empty() {
                return None;
            }
            let finding =
                Finding::note(Id::Calls, format!("{what} ({})", used.join(", "))).why(*why);
            Some(if is_signals {
                finding.remedy("unshare -Urpf --mount-proc --kill-child tine fuzz …")
            } else {
                finding
            })
        })
        .collect()
}

/// Whether the loader finds all of them.
fn linkage(libraries: &Libraries) -> Finding {
    if !libraries.is_dynamic {
        return Finding::ok(Id::Linkage, "none, it is static");
    }
    let missing: Vec<_> = libraries
        .found
        .iter()
        .filter(|(_, path)| path.is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(error) = &libraries.error {
        return Finding::note(
            Id::Linkage,
            format!("its loader does not list them: {error}"),
        );
    }
    if missing.is_empty() {
        return Finding::ok(
            Id::Linkage,
            format!("all {} are found", libraries.found.len()),
        );
    }
    Finding::fails(Id::Linkage, format!("not found: {}", missing.join(", ")))
        .why("the loader ends the program before anything of it runs")
        .remedy("export LD_LIBRARY_PATH=FOLDER     # the folder that has it")
}
