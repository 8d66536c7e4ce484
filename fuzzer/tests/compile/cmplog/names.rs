//! Every function that is hooked by name, in a static library in front of the hooks.

use std::fmt::Write as _;
use std::path::Path;

use super::{compile, compiler, log::Log};
use tine_protocol::layout::cmplog::Layout;
use tine_protocol::routine::{self, Shape};
use tine_workbench::in_process;

/// The declaration, a call, and what it logs.
fn describe(name: &str, shape: Shape) -> (String, String, String) {
    let (left, right) = (format!("left {name}"), format!("Right {name}"));
    let constant = "const char *";
    let size = left.len();
    let (parameters, arguments) = match shape {
        Shape::Memory | Shape::BoundedString | Shape::SubstringBounded => (
            format!("{constant}a, {constant}b, unsigned long n"),
            format!("\"{left}\", \"{right}\", {size}"),
        ),
        Shape::BoundedSubstring => (
            format!("{constant}a, long n, {constant}b"),
            format!("\"{left}\", {size}, \"{right}\""),
        ),
        Shape::String | Shape::Substring | Shape::Suffix => (
            format!("{constant}a, {constant}b"),
            format!("\"{left}\", \"{right}\""),
        ),
        other => panic!("{name} has the shape {other:?}, which is no function of a library"),
    };
    let cut = |text: &str, length: usize| text[..length.min(text.len())].to_owned();
    let logged = match shape {
        Shape::Memory => format!(
            "memory \"{}\" \"{}\"",
            cut(&left, 32),
            cut(&right, size.min(32))
        ),
        Shape::BoundedString => format!("text \"{left}\" \"{}\"", cut(&right, size)),
        Shape::String => format!("text \"{left}\\0\" \"{right}\\0\""),
        _ => format!("text \"{left}\" \"{right}\""),
    };
    (parameters, arguments, logged)
}

#[test]
fn every_function_is_hooked_where_a_static_library_has_it() {
    let names = routine::LIBRARY
        .iter()
        .flat_map(|family| family.names.iter().map(|name| (*name, family.shape)));
    let (mut library, mut program) = (String::new(), String::new());
    let (mut calls, mut expect) = (String::new(), Vec::new());
    for (name, shape) in names {
        let (parameters, arguments, logged) = describe(name, shape);
        let (mut definition, sum) = (String::new(), "a[0] + b[0]");
        write!(definition, "int {name}({parameters})").expect("to a string");
        writeln!(library, "{definition} {{ return {sum}; }}").expect("to a string");
        writeln!(program, "{definition};").expect("to a string");
        writeln!(calls, "    sum += {name}({arguments});").expect("to a string");
        expect.push(logged);
    }
    let program =
        format!("{program}int main(void) {{\n    int sum = 0;\n{calls}    return sum == 1;\n}}\n");
    for (name, linker) in [
        ("clang-22", None),
        ("gcc", None),
        ("clang-22", Some("-fuse-ld=lld-22")),
    ] {
        let bench = in_process();
        let compiler = compiler(name);
        let main = bench.write("main.c", &program);
        let source = bench.write("library.c", &library);
        let object = bench.path("library.o");
        compile(
            &bench,
            &compiler,
            false,
            [Path::new("-c"), &source, Path::new("-o"), &object],
        );
        let archive = bench.path("liball.a");
        bench
            .program("ar")
            .arg("rcs")
            .arg(&archive)
            .arg(&object)
            .run()
            .assert_code(0);
        let output = bench.path("program");
        let linker = linker.map(Path::new);
        let words = [main.as_path(), &archive, Path::new("-o"), &output];
        compile(&bench, &compiler, false, linker.into_iter().chain(words));
        let log = Log::new(Layout::V1);
        log.run(&output);
        let entries: Vec<String> = log.entries().iter().map(ToString::to_string).collect();
        for wanted in &expect {
            assert!(
                entries.contains(wanted),
                "{name}: no {wanted} in {entries:#?}"
            );
        }
    }
}
