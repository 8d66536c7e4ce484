//! Libraries that children load after the fork server started are counted, each in a
//! place that does not depend on when; where there is no room, that is said by name.

use std::fmt::Write as _;

use super::{Counted, compile, config, copy_source, run};
use tine_controller::{ForkServer, Outcome};
use tine_workbench::{Finished, Workbench, in_process};

/// Compilers of the program and of the libraries.
const PAIRS: &[(&str, &str)] = &[
    ("clang-14", "clang-14"),
    ("clang-22", "clang-22"),
    ("gcc", "gcc"),
    ("clang-22", "gcc"),
    ("gcc", "clang-22"),
];

/// More libraries than any table of a fixed size should have to know.
const MANY: usize = 1100;

/// More than the table of those that are loaded late can name.
const MANY_LATE: usize = 300;

fn build(bench: &Workbench, program: &str, libraries: &str, flags: &str) {
    copy_source(bench, "library.c");
    copy_source(bench, "loads.c");
    for name in ["one", "two"] {
        let line = format!("-O0 -shared -fPIC -Dseen=in_{name} library.c -o {name}.so");
        compile(bench, libraries, &line).unwrap();
    }
    compile(
        bench,
        program,
        &format!("-O0 {flags} loads.c -o program -ldl"),
    )
    .unwrap();
}

fn start(bench: &Workbench, words: &str) -> ForkServer {
    let mut config = config(bench, "program");
    config.args.extend(words.split_whitespace().map(Into::into));
    ForkServer::start(config).expect("it starts")
}

/// What an input counts in the room, or, if there are hashes in the map, anywhere.
fn counted(server: &mut ForkServer, input: &str) -> Counted {
    let (outcome, mut counted) = run(server, input.as_bytes()).unwrap();
    assert_eq!(outcome, Outcome::Exited(0), "{input}");
    let info = server.info();
    let room = (info.map_size - info.room) / 8;
    counted.retain(|(word, _)| *word >= room);
    counted
}

#[test]
fn a_library_that_main_loads_is_counted() {
    for (program, libraries) in PAIRS {
        let bench = in_process();
        build(&bench, program, libraries, "");
        let hashes = libraries.starts_with("gcc") && program.starts_with("gcc");
        let mut server = start(&bench, "+./one.so =./one.so");
        let name = format!("{program}, {libraries}");
        if hashes {
            // They have their places without any room.
            let maps = ["a", "b"].map(|it| run(&mut server, it.as_bytes()).unwrap().1);
            assert_ne!(maps[0], maps[1], "{name}");
            continue;
        }
        let [a, b, again] = ["a", "b", "a"].map(|input| counted(&mut server, input));
        assert!(
            !a.is_empty() && a != b && a == again,
            "{name}: {a:?}, {b:?}, {again:?}"
        );
        let (modules, unnamed) = server.late_modules();
        assert_eq!((modules.len(), unnamed), (1, 0), "{name}: {modules:?}");
        if libraries.starts_with("clang") {
            assert_eq!(modules[0].name, "one.so", "{name}");
            assert!(modules[0].counters > 4, "{name}: {modules:?}");
        }
    }
}

#[test]
fn places_do_not_depend_on_the_order_of_loading() {
    let words = "?x+./one.so ?x+./two.so ?y+./two.so ?y+./one.so =./one.so =./two.so";
    for compiler in ["clang-22", "clang-14"] {
        let bench = in_process();
        build(&bench, compiler, compiler, "");
        let mut server = start(&bench, words);
        let [x, y] = ["xa", "ya"].map(|input| counted(&mut server, input));
        assert!(x.len() > 1 && x == y, "{compiler}: {x:?}, {y:?}");
        // Another server may see the other order first.
        let edges = server.info().edges;
        assert!(edges > start(&bench, words).info().edges, "{edges:?}");
    }
}

#[test]
fn what_is_loaded_again_counts_in_its_old_place() {
    let bench = in_process();
    build(&bench, "clang-22", "clang-22", "");
    let mut server = start(
        &bench,
        "+./one.so =./one.so ?b-./one.so ?b+./one.so ?b=./one.so",
    );
    // One input calls the library once, the other loads it again and calls it once more.
    let [once, twice] = ["a", "b"].map(|input| counted(&mut server, input));
    let places = |counted: &Counted| counted.iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(places(&once), places(&twice));
    let most = |counted: &Counted| {
        let bytes = counted.iter().flat_map(|(_, word)| word.to_ne_bytes());
        bytes.max().unwrap_or(0)
    };
    assert_eq!(most(&twice), 2 * most(&once), "{once:?}, {twice:?}");
}

#[test]
fn afl_showmap_sees_it_too() {
    let bench = Workbench::new();
    build(&bench, "clang-22", "clang-22", "");
    let maps = ["a", "b"].map(|input| {
        let map = bench.path(format!("map-{input}"));
        let runner = bench.program("afl-showmap").env("AFL_QUIET", "1");
        let runner = runner.args(["-q", "-r", "-o"]).arg(&map);
        let runner = runner.args(["--", "./program", "+./one.so", "=./one.so"]);
        runner.stdin(input).run().assert_code(0);
        std::fs::read_to_string(map).expect("afl-showmap writes a map")
    });
    assert_ne!(maps[0], maps[1]);
}

/// A library of more counters than fit a page.
fn big(bench: &Workbench) {
    let mut text = String::from("static volatile int seen;\n");
    for number in 0..2500 {
        writeln!(
            text,
            "int f{number}(int c) {{ if (c) seen = 1; return seen; }}"
        )
        .unwrap();
    }
    text.push_str(
        "int work(const char *text) { f7(*text == 'a'); f2400(*text == 'b'); return 0; }\n",
    );
    bench.write("big.c", text);
    compile(bench, "clang-22", "-O0 -shared -fPIC big.c -o big.so").unwrap();
}

fn showmap(bench: &Workbench, size: Option<&str>) -> Finished {
    let mut runner = bench.tine();
    if let Some(size) = size {
        runner = runner.env("AFL_MAP_SIZE", size);
    }
    let runner = runner.args(["showmap", "-q", "-r", "-o", "map", "--", "./program"]);
    runner.args(["+./big.so", "=./big.so"]).stdin("a").run()
}

#[test]
fn a_library_without_room_is_named() {
    let bench = Workbench::new();
    build(&bench, "clang-22", "clang-22", "");
    big(&bench);
    let done = showmap(&bench, None);
    assert_eq!(done.assert_code(0).stderr(), "");
    // Sizes of the map, and what becomes of the library.
    for (size, said) in [("8192", "share their places"), ("4096", "not counted")] {
        let done = showmap(&bench, Some(size));
        let text = done.assert_code(0).stderr();
        assert!(
            text.contains("big.so") && text.contains(said),
            "{size}: {text}"
        );
        // The remedy is one.
        let larger = text.split("AFL_MAP_SIZE=").nth(1).expect("a remedy");
        let larger = larger.split_whitespace().next().expect("a size");
        let done = showmap(&bench, Some(larger));
        assert_eq!(done.assert_code(0).stderr(), "", "{larger}");
    }
    let words = ["+./big.so", "=./big.so"];
    let doctor = bench.tine().env("AFL_MAP_SIZE", "8192");
    let done = doctor.args(["doctor", "--", "./program"]).args(words).run();
    let text = done.stdout();
    assert!(
        text.contains("big.so") && text.contains("share their places"),
        "{text}"
    );
    bench.seeds("seeds", ["a"]);
    let fuzz = bench.tine().env("AFL_MAP_SIZE", "8192");
    let fuzz = fuzz.args(["fuzz", "-i", "seeds", "-o", "out", "-E", "50", "--no-ui"]);
    let done = fuzz.args(["--", "./program"]).args(words).run();
    let text = done.assert_code(0).stderr();
    assert!(
        text.contains("big.so") && text.contains("share their places"),
        "{text}"
    );
}

#[test]
fn any_number_of_libraries_is_counted() {
    let bench = in_process();
    build(&bench, "clang-22", "clang-22", "-DDEFERRED");
    let mut words = String::new();
    for number in 0..MANY {
        std::fs::copy(bench.path("one.so"), bench.path(format!("{number}.so"))).unwrap();
        write!(words, "+./{number}.so ").unwrap();
    }
    write!(words, "! =./{}.so", MANY - 1).unwrap();
    let mut server = start(&bench, &words);
    let [a, b] = ["a", "b"].map(|input| run(&mut server, input.as_bytes()).unwrap().1);
    assert_ne!(a, b);
    drop(server);

    // The same, in a child.
    let mut words = String::new();
    for number in 0..MANY_LATE {
        write!(words, "+./{number}.so ").unwrap();
    }
    write!(words, "=./{}.so", MANY_LATE - 1).unwrap();
    build(&bench, "clang-22", "clang-22", "");
    let mut server = start(&bench, &words);
    let [a, b, again] = ["a", "b", "a"].map(|input| counted(&mut server, input));
    assert!(a != b && a == again);
    let (modules, unnamed) = server.late_modules();
    assert!(
        modules.len() + unnamed >= MANY_LATE && unnamed > 0,
        "{unnamed}"
    );
}
