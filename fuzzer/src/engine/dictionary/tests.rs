use super::{
    LONGEST, MOST_NAMED,
    line::{Line, Problem, Remark, parse},
    load,
};
use std::fs;

/// What becomes of a line.
enum Becomes {
    Token(&'static [u8]),
    /// A token of which something is said.
    Odd(&'static [u8], Remark),
    Nothing,
    LeftOut(Problem),
}
use Becomes::{LeftOut, Nothing, Odd, Token};

const LINES: &[(&[u8], Becomes)] = &[
    // As AFL writes them.
    (b"header_gif=\"GIF89a\"", Token(b"GIF89a")),
    (b"  spaced = \"a b\"  \r", Token(b"a b")),
    (b"\"bare\"", Token(b"bare")),
    (b"a=\"\\x00\\xfF\\\\\\\"=#\"", Token(b"\x00\xff\\\"=#")),
    (b"a=\"\\X41\"", Token(b"A")),
    (b"# comment", Nothing),
    (b"  # a=\"x\"", Nothing),
    (b"", Nothing),
    (b" \t\r", Nothing),
    // Names with anything in them, and none of AFL's marks.
    (b"a_b-c.d=\"x\"", Token(b"x")),
    (b"my key:1=\"x\"", Token(b"x")),
    (b"\xc3\xa4=\"x\"", Token(b"x")),
    (b"a \"x\"", Token(b"x")),
    (b"a!=\"x\"", Token(b"x")),
    (b"a@=\"x\"", Token(b"x")),
    (b"a@x=\"x\"", Token(b"x")),
    (b"name[12]=\"x\"", Token(b"x")),
    (b"a == \"x\"", Token(b"x")),
    // Quotes within a token.
    (b"a=\"<p class=\"x\">\"", Token(b"<p class=\"x\">")),
    (b"a=\"\"\"", Token(b"\"")),
    (b"\"kerning\"\"", Token(b"kerning\"")),
    (b"a=\"b\"c\"", Token(b"b\"c")),
    // Escapes of C, and backslashes that escape nothing.
    (b"a=\"\\t;\\r\\n\"", Token(b"\t;\r\n")),
    (b"a=\"\\x4\"", Odd(b"\\x4", Remark::Backslash)),
    (b"a=\"\\xg0\"", Odd(b"\\xg0", Remark::Backslash)),
    (b"a=\"\\d+\"", Odd(b"\\d+", Remark::Backslash)),
    (b"a=\"end\\\"", Odd(b"end\\", Remark::Backslash)),
    // Bytes beyond printable ASCII.
    (b"a=\"\xc3\xa4\"", Token(b"\xc3\xa4")),
    (b"a=\"\xff\x01\t\x7f\"", Token(b"\xff\x01\t\x7f")),
    (b"a=\"\0\"", Token(b"\0")),
    // A comment behind the token.
    (b"a=\"x\" # Uses: 12", Token(b"x")),
    (b"a=\"x\"\t#", Token(b"x")),
    (b"a=\"x\" # like \"y\"", Token(b"x")),
    (b"a=\"x\\\" # y\"", Token(b"x\" # y")),
    (b"a=\"x\"#y\"", Token(b"x\"#y")),
    // What cannot be taken.
    (b"plain", LeftOut(Problem::Unquoted)),
    (b"a='x'", LeftOut(Problem::Unquoted)),
    (b"\"", LeftOut(Problem::Open)),
    (b"a=\"GIF", LeftOut(Problem::Open)),
    (b"a=\"x\\\"y", LeftOut(Problem::Open)),
    (b"a=\"x\",", LeftOut(Problem::Rest)),
    (b"a=\"x\" and more", LeftOut(Problem::Rest)),
    (b"a=\"x\"#y", LeftOut(Problem::Rest)),
    (b"a=\"\"", LeftOut(Problem::Empty)),
    (b"a=\"\" # empty", LeftOut(Problem::Empty)),
];

#[test]
fn each_line_is_taken_or_left_out_for_a_reason() {
    for (line, becomes) in LINES {
        let token = |token: &[u8], remark| {
            Ok(Some(Line {
                token: token.to_vec(),
                remark,
            }))
        };
        let expected = match becomes {
            Token(bytes) => token(bytes, None),
            Odd(bytes, remark) => token(bytes, Some(*remark)),
            Nothing => Ok(None),
            LeftOut(problem) => Err(*problem),
        };
        assert_eq!(parse(line, 0), expected, "{}", line.escape_ascii());
    }
}

#[test]
fn a_token_has_a_limit() {
    let line = |len: usize| format!("\"{}\"", "x".repeat(len));
    let whole = parse(line(LONGEST).as_bytes(), 0).unwrap().unwrap();
    assert_eq!(whole.token.len(), LONGEST);
    let long = parse(line(LONGEST + 1).as_bytes(), 0);
    assert_eq!(long, Err(Problem::TooLong(LONGEST + 1)));
}

#[test]
fn levels_choose_among_the_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d");
    let text = "a=\"1\"\nb@1=\"2\"\nc@2 = \"3\"\nd@2[4]=\"4\"\n@9\"5\"\ne@99999999999=\"6\"\n";
    fs::write(&path, text).unwrap();
    for (level, count) in [
        ("", 1),
        ("@", 1),
        ("@0", 1),
        ("@1", 2),
        ("@2", 4),
        ("@09", 5),
    ] {
        let mut argument = path.clone().into_os_string();
        argument.push(level);
        let dictionary = load(argument.as_ref()).unwrap();
        assert_eq!(dictionary.tokens.len(), count, "{level}");
        assert!(dictionary.remarks.is_empty(), "{:?}", dictionary.remarks);
    }
    // A file of that very name.
    fs::write(folder.path().join("d@1"), "\"other\"\n").unwrap();
    let dictionary = load(&folder.path().join("d@1")).unwrap();
    assert_eq!(dictionary.tokens, [b"other"]);
}

#[test]
fn few_lines_are_named_and_the_others_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words");
    fs::write(
        &path,
        "# words\n\"good\"\n".to_owned() + &"word\n".repeat(100),
    )
    .unwrap();
    let dictionary = load(&path).unwrap();
    assert_eq!(dictionary.tokens, [b"good"]);
    let remarks = &dictionary.remarks;
    assert_eq!(remarks.len(), MOST_NAMED + 1, "{remarks:?}");
    assert!(
        remarks[0].contains("words, line 3 is left out: a token stands in"),
        "{remarks:?}"
    );
    let last = &remarks[MOST_NAMED];
    assert!(last.contains("95 more of the lines of"), "{remarks:?}");

    fs::write(&path, "word\n").unwrap();
    let remarks = load(&path).unwrap().remarks;
    assert!(remarks[1].ends_with("has no token to use"), "{remarks:?}");
    fs::write(&path, "").unwrap();
    assert_eq!(load(&path).unwrap().remarks.len(), 1);
}

#[test]
fn a_folder_is_a_token_a_file_but_for_those_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("b", b"second");
    write("a", b"first\n");
    write("empty", b"");
    write("full", &[b'x'; LONGEST]);
    write("long", &[0; LONGEST + 1]);
    fs::create_dir(folder.path().join("sub")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    let dictionary = load(folder.path()).unwrap();
    let expected: [&[u8]; 3] = [b"first\n", b"second", &[b'x'; LONGEST]];
    assert_eq!(dictionary.tokens, expected);
    let remarks = dictionary.remarks;
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].contains("/link is left out"), "{remarks:?}");
    assert!(
        remarks[1].contains("/long is left out") && remarks[1].contains("-i"),
        "{remarks:?}"
    );
}

#[test]
fn what_is_not_there_or_does_not_end_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = load(&folder.path().join("missing"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("/missing: No such file"), "{error}");
}
