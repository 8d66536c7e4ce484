//! How testcases are made shorter, changed one place at a time, and kept within
//! limits of length.

use std::{fs, path::Path};
use tine_workbench::{Runner, Stats, Workbench, peers, testcases};

/// A session of so many runs, the same each time.
fn fuzz<'b>(bench: &'b Workbench, out: &str, options: &[&str], target: &Path) -> Runner<'b> {
    bench
        .tine()
        .args(["fuzz", "--no-ui", "-s", "1", "-i", "seeds", "-o", out])
        .args(options)
        .arg("--")
        .arg(target)
}

fn first_seed(bench: &Workbench, out: &str) -> Vec<u8> {
    let queue = testcases(&bench.path(out).join("default/queue"));
    let seed = queue
        .iter()
        .find(|path| path.to_string_lossy().contains("id:000000,"));
    fs::read(seed.expect("the first seed in the queue")).expect("its content")
}

/// The edges with their counts that an input takes alone.
fn edges(bench: &Workbench, target: &Path, input: &[u8]) -> String {
    let map = bench.path("map");
    bench
        .tine()
        .args(["showmap", "-q", "-o"])
        .arg(&map)
        .arg("--")
        .arg(target)
        .stdin(input)
        .run()
        .assert_code(0);
    fs::read_to_string(map).expect("the map")
}

/// Looks at the start and at one byte further behind; the rest does not matter.
const HEADER: &str = r#"
#include <string.h>
#include <unistd.h>
volatile int sink;
int main(void) {
    char b[4096] = {0};
    long n = read(0, b, sizeof b);
    if (n < 4 || memcmp(b, "HEAD", 4)) return 0;
    sink++;
    if (memchr(b, '#', n)) sink += 2;
    return 0;
}
"#;

/// The same in persistent mode: with one input that has a `#`, all that follow in the
/// same process take the last edge as well.
const REMEMBERS: &str = r#"
#include <string.h>
#include <unistd.h>
__AFL_FUZZ_INIT();
volatile int sink, seen;
int main(void) {
    __AFL_INIT();
    char *b = (char *)__AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(10000)) {
        int n = __AFL_FUZZ_TESTCASE_LEN;
        if (n < 4 || memcmp(b, "HEAD", 4)) continue;
        seen |= memchr(b, '#', n) != 0;
        if (seen) sink++;
    }
}
"#;

fn long_seed() -> Vec<u8> {
    let mut seed = b"HEAD".to_vec();
    seed.extend(std::iter::repeat_n(b'.', 1500));
    seed.push(b'#');
    seed.extend(std::iter::repeat_n(b'.', 700));
    seed
}

#[test]
fn a_testcase_is_trimmed_on_disk_and_covers_the_same() {
    for source in [HEADER, REMEMBERS] {
        let bench = Workbench::new();
        let seed = long_seed();
        bench.seeds("seeds", [&seed]);
        let target = bench.compile("target", &["-O0"], source);
        fuzz(&bench, "out", &["-E", "4000"], &target)
            .run()
            .assert_code(0);
        let trimmed = first_seed(&bench, "out");
        assert!(trimmed.len() <= 40, "{} bytes: {source}", trimmed.len());
        assert!(trimmed.starts_with(b"HEAD") && trimmed.contains(&b'#'));
        let taken = edges(&bench, &target, &seed);
        assert_eq!(edges(&bench, &target, &trimmed), taken, "{source}");
        let stats = Stats::read(&bench.path("out/default"));
        assert!(stats.number("execs_done") > 3999.0, "{source}");
    }
}

#[test]
fn trimming_can_be_switched_off_and_keeps_the_least_length() {
    let bench = Workbench::new();
    let seed = long_seed();
    bench.seeds("seeds", [&seed]);
    let target = bench.compile("target", &["-O0"], HEADER);
    let run = |out: &str, options: &[&str], variables: &[(&str, &str)]| {
        let mut session = fuzz(&bench, out, options, &target);
        for (name, value) in variables {
            session = session.env(name, value);
        }
        session.run().assert_code(0);
        first_seed(&bench, out)
    };
    let off = [("AFL_DISABLE_TRIM", "1")];
    assert_eq!(run("off", &["-E", "2500"], &off), seed);
    let kept = run("least", &["-E", "3000", "-g", "300"], &[]);
    assert!((300..=310).contains(&kept.len()), "{}", kept.len());
}

/// One byte decides.
const SWITCH: &str = r#"
#include <unistd.h>
volatile int sink;
#define IF(n) if (b[9] / 4 == (n)) sink += (n);
#define EIGHT(n) IF(n) IF(n + 1) IF(n + 2) IF(n + 3) IF(n + 4) IF(n + 5) IF(n + 6) IF(n + 7)
int main(void) {
    unsigned char b[64] = {0};
    if (read(0, b, sizeof b) < 16) return 0;
    EIGHT(0) EIGHT(8) EIGHT(16) EIGHT(24) EIGHT(32) EIGHT(40) EIGHT(48) EIGHT(56)
    return 0;
}
"#;

#[test]
fn the_deterministic_stage_finds_places_that_matter_and_walks_them() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["0123456789abcdef0123456789"]);
    let target = bench.compile("target", &["-O0"], SWITCH);
    let operations = |out: &str, options: &[&str]| {
        fuzz(&bench, out, options, &target).run().assert_code(0);
        let queue = testcases(&bench.path(out).join("default/queue"));
        let names = queue.iter().map(|path| path.display().to_string());
        let fields = names.filter_map(|name| Some(name.split_once(",op:")?.1.to_owned()));
        fields.collect::<Vec<_>>()
    };
    let with = operations("with", &["-E", "6000"]);
    let is_walk = |op: &&String| {
        let mut names = ["flip", "arith", "int"].iter();
        names.any(|name| op.starts_with(name))
    };
    let walked: Vec<_> = with.iter().filter(is_walk).collect();
    assert!(!walked.is_empty(), "{with:?}");
    assert!(
        walked
            .iter()
            .all(|op| op.contains(",pos:9") || op.contains(",pos:8")),
        "{walked:?}"
    );
    let without = operations("without", &["-E", "6000", "-z"]);
    let is_havoc = |op: &String| op.starts_with("havoc,rep:") || op.starts_with("trim,pos:");
    assert!(
        !without.is_empty() && without.iter().all(is_havoc),
        "{without:?}"
    );
}

/// Aborts when an input is shorter or longer than it should be.
const LENGTHS: &str = r#"
#include <stdlib.h>
#include <unistd.h>
volatile int sink;
int main(void) {
    unsigned char b[4096];
    long n = read(0, b, sizeof b);
    if (n < 10 || n > 20) abort();
    for (long i = 0; i < n; i++) if (b[i] == 'a' + i) sink++;
    return 0;
}
"#;

#[test]
fn inputs_have_the_length_that_is_asked_for() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["fifteen bytes..", "another one, 18..."]);
    bench.write(
        "tokens",
        "\"a long token of more than twenty bytes\"\n\"short\"\n",
    );
    let target = bench.compile("target", &["-O0"], LENGTHS);
    let options = ["-E", "4000", "-u", "-x", "tokens"];
    let by_option = [&options[..], &["-g", "10", "-G", "20"]].concat();
    fuzz(&bench, "option", &by_option, &target)
        .run()
        .assert_code(0)
        .assert_stderr("no crash");
    fuzz(&bench, "variable", &options, &target)
        .env("AFL_INPUT_LEN_MIN", "10")
        .env("AFL_INPUT_LEN_MAX", "20")
        .run()
        .assert_code(0)
        .assert_stderr("no crash");
    let done = fuzz(&bench, "free", &["-E", "4000"], &target).run();
    done.assert_code(0);
    let crashes = bench.path("free/default/crashes");
    assert!(!testcases(&crashes).is_empty(), "without limits it crashes");
}

#[test]
fn options_that_cannot_be_followed_are_told_of() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["fifteen bytes.."]);
    let target = bench.compile("target", &["-O0"], LENGTHS);
    for (options, sentence) in [
        (
            &["-g", "21", "-G", "20"][..],
            "give a smaller -g or a larger -G",
        ),
        (&["-G", "0"], "give a number of bytes from 1 to 1048576"),
        (&["-a", "json"], "give text, binary or generic"),
        (
            &["-P", "never"],
            "give explore, exploit or a number of seconds",
        ),
        (&["-L", "0"], "operators are chosen by fixed tables"),
    ] {
        let done = fuzz(&bench, "out", options, &target).run();
        done.assert_code(1).assert_stderr(sentence);
    }
    fuzz(&bench, "out", &["-E", "100"], &target)
        .env("AFL_INPUT_LEN_MAX", "much")
        .run()
        .assert_code(1)
        .assert_stderr("AFL_INPUT_LEN_MAX");
    fuzz(&bench, "out", &["-E", "100", "-d", "-D"], &target)
        .run()
        .assert_code(0)
        .assert_stderr("-d and -D have no effect any more");
}

/// Tokens that `afl-fuzz` 4.40c takes from a dictionary, the same one twice counted twice.
fn taken_by_afl(bench: &Workbench, dictionary: &str, target: &Path) -> u64 {
    let afl = bench.program(peers::aflplusplus_440("afl-fuzz"));
    let afl = afl.args([
        "-i", "seeds", "-o", "afl", "-V", "0", "-x", dictionary, "--",
    ]);
    let afl = [
        "AFL_NO_UI",
        "AFL_NO_AFFINITY",
        "AFL_SKIP_CPUFREQ",
        "AFL_NO_AUTODICT",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES",
    ]
    .into_iter()
    .fold(afl, |afl, name| afl.env(name, "1"));
    let said = afl.arg(target).run().stdout();
    let count = said.split("Loaded ").find_map(|rest| {
        let (count, what) = rest.split_once(' ')?;
        what.starts_with("extra tokens")
            .then(|| count.parse().ok())?
    });
    count.unwrap_or_else(|| panic!("{said}"))
}

/// The same of tine.
fn taken_by_tine(said: &str) -> u64 {
    let line = said.lines().find(|line| line.contains(" by -x"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    let mut numbers = line
        .split(' ')
        .filter_map(|word| word.replace(',', "").parse().ok());
    // Of two the second one counts each token as often as it is there.
    numbers.next_back().unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn of_each_dictionary_as_much_is_taken_as_afl_fuzz_takes() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    let target = bench.compile("target", &[], "int main(void) { return 0; }\n");
    let folder = peers::aflplusplus_440("afl-fuzz").with_file_name("dictionaries");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a dictionary").path())
        .filter(|path| path.extension().is_some_and(|it| it == "dict"))
        .collect();
    files.sort();
    assert!(files.len() > 80, "{files:?}");
    let mut options = vec!["-E", "2"];
    for file in &files {
        options.extend(["-x", file.to_str().expect("a path in UTF-8")]);
    }
    let done = bench.fuzz("seeds", &options, &target).run();
    let said = done.assert_code(0).stderr();

    // afl-fuzz takes four of them at the most, but of any length.
    let mut all = Vec::new();
    for file in &files {
        all.extend(fs::read(file).expect("a dictionary"));
        all.push(b'\n');
    }
    bench.write("all.dict", all);
    assert_eq!(
        taken_by_tine(&said),
        taken_by_afl(&bench, "all.dict", &target)
    );

    // A token without an end, and a list of words.
    let left_out: Vec<_> = said
        .lines()
        .filter(|line| line.contains("is left out"))
        .collect();
    assert!(
        left_out[0].contains("atom.dict, line 22 is"),
        "{left_out:#?}"
    );
    assert!(
        left_out[1..]
            .iter()
            .all(|line| line.contains("ruby.dict, line ")),
        "{left_out:#?}"
    );
    assert!(said.contains("5708 more of the lines of") && said.contains("ruby.dict has no token"));
}

#[test]
fn a_session_goes_on_without_the_lines_that_are_no_tokens() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    let target = bench.compile("target", &[], "int main(void) { return 0; }\n");
    bench.write(
        "odd.dict",
        "plain\nmy key:1=\"x\" # 12\n\"\"\nlast=\"a\\tb\"\n",
    );
    bench.write("folder/a", "short");
    bench.write("folder/b", [0; 300]);
    bench.write("empty", "");
    let options = ["-E", "20", "-x", "odd.dict", "-x", "folder", "-x", "empty"];
    let done = bench.fuzz("seeds", &options, &target).run();
    done.assert_code(0);
    for text in [
        "odd.dict, line 1 is left out: a token stands in double quotes",
        "odd.dict, line 3 is left out: the token is empty",
        "folder/b is left out of the dictionary: it has more than 128 bytes",
        "the dictionary empty has no token to use",
        "3 tokens by -x\n",
    ] {
        done.assert_stderr(text);
    }
}
