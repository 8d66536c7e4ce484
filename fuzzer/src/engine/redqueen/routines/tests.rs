use super::{Effort, Operand, Routine, Subject, candidates};
use std::ops::ControlFlow;

/// A testcase, its twin, what the program compared with which constant, and an input
/// that must be among the candidates.
struct Case {
    name: &'static str,
    input: &'static [u8],
    twin: &'static [u8],
    /// The operand that comes from the input, for the testcase and for its twin.
    operand: [&'static [u8]; 2],
    constant: &'static [u8],
    text: bool,
    /// What is behind the operands was logged with them.
    cut: bool,
    effort: Effort,
    expected: &'static [u8],
}

const CASE: Case = Case {
    name: "",
    input: b"",
    twin: b"",
    operand: [b"", b""],
    constant: b"",
    text: false,
    cut: false,
    effort: Effort::CHEAP,
    expected: b"",
};

const CASES: &[Case] = &[
    Case {
        name: "memcmp with its length",
        input: b"head ABCDEFGH tail",
        twin: b"head EFCBADHG tail",
        operand: [b"ABCDEFGH", b"EFCBADHG"],
        constant: b"\0\x01\x02\x03\x04\x05\x06\x07",
        expected: b"head \0\x01\x02\x03\x04\x05\x06\x07 tail",
        ..CASE
    },
    Case {
        name: "memcmp without its length",
        input: b"head ABCDEFGHIJKL tail",
        twin: b"head EFCBADHGJILK tail",
        operand: [b"ABCDEFGHIJKL tail\0\0", b"EFCBADHGJILK tail\0\0"],
        constant: b"\x7f12345rodata of other",
        cut: true,
        expected: b"head \x7f12345GHIJKL tail",
        ..CASE
    },
    Case {
        name: "an input that is too short",
        input: b"ABCD",
        twin: b"EFBA",
        operand: [b"ABCD\0\0\0\0", b"EFBA\0\0\0\0"],
        constant: b"sixteen!",
        expected: b"sixteen!",
        ..CASE
    },
    Case {
        name: "strcmp of a word, which becomes longer",
        input: b"get abc now",
        twin: b"get fed now",
        operand: [b"abc\0", b"fed\0"],
        constant: b"keyword\0",
        text: true,
        expected: b"get keyword now",
        ..CASE
    },
    Case {
        name: "strcmp in a field, which ends by a NUL",
        input: b"get abcdefghijk",
        twin: b"get fedcbahgkji",
        operand: [b"abcdefghijk\0", b"fedcbahgkji\0"],
        constant: b"key\0",
        text: true,
        expected: b"get key\0efghijk",
        ..CASE
    },
    Case {
        name: "strncmp at the start of a buffer",
        input: b"abcdefghij",
        twin: b"fedcbahgji",
        operand: [b"abcd", b"fedc"],
        constant: b"GET ",
        text: true,
        expected: b"GET efghij",
        ..CASE
    },
    Case {
        name: "a constant that the input has already",
        input: b"<alpha> x",
        twin: b"<alpha> y",
        operand: [b"alpha\0", b"alpha\0"],
        constant: b"omega\0",
        text: true,
        expected: b"<omega> x",
        ..CASE
    },
    Case {
        name: "letters that were changed to lower case",
        input: b"X: ABCD;",
        twin: b"X: FEAB;",
        operand: [b"abcd\0", b"feab\0"],
        constant: b"close\0",
        text: true,
        effort: Effort::ALL,
        expected: b"X: close;",
        ..CASE
    },
    Case {
        name: "every byte by exclusive or",
        input: b"xxABCDxx",
        twin: b"xxFEBAxx",
        operand: [b"ba`g", b"efab"],
        constant: b"nbdj`",
        effort: Effort::ALL,
        expected: b"xxMAGICx",
        ..CASE
    },
    Case {
        name: "every byte moved on",
        input: b"xxABCDxx",
        twin: b"xxFEBAxx",
        operand: [b"NOPQ", b"SRON"],
        constant: b"UVWX",
        effort: Effort::ALL,
        expected: b"xxHIJKxx",
        ..CASE
    },
    Case {
        name: "bytes that were hexadecimal text",
        input: b"id=3031a2a3;",
        twin: b"id=2130b3b4;",
        operand: [b"01\xa2\xa3", b"\x210\xb3\xb4"],
        constant: b"\x01\x02\xfe\xff",
        effort: Effort::ALL,
        expected: b"id=0102feff;",
        ..CASE
    },
    Case {
        name: "bytes that were base64 text",
        input: b"p QUJDREVG q",
        twin: b"p RUZCQURI q",
        operand: [b"ABCDEF", b"EFBADH"],
        constant: b"secret",
        effort: Effort::ALL,
        expected: b"p c2VjcmV0 q",
        ..CASE
    },
    Case {
        name: "hexadecimal text of the bytes",
        input: b"xxABCDxx",
        twin: b"xxFEBAxx",
        operand: [b"41424344", b"46454241"],
        constant: b"deadbeef",
        effort: Effort::ALL,
        expected: b"xx\xde\xad\xbe\xefxx",
        ..CASE
    },
];

fn outputs(case: &Case, swapped: bool) -> Vec<Vec<u8>> {
    let subject = Subject::new(case.input, case.twin);
    let operand = |bytes: &[u8]| Operand {
        bytes: bytes.to_vec(),
        text: case.text,
        cut: case.cut,
    };
    let pair = |bytes: &[u8]| {
        let mut pair = [operand(bytes), operand(case.constant)];
        if swapped {
            pair.reverse();
        }
        pair
    };
    let comparison = Routine {
        original: pair(case.operand[0]),
        changed: pair(case.operand[1]),
    };
    let mut outputs = Vec::new();
    let _ = candidates(&subject, &comparison, case.effort, &mut |edit| {
        let mut output = Vec::new();
        edit.apply(case.input, &mut output);
        outputs.push(output);
        ControlFlow::Continue(())
    });
    outputs
}

#[test]
fn each_kind_of_comparison_has_its_candidate_whichever_side_the_input_is_on() {
    for case in CASES {
        for swapped in [false, true] {
            let outputs = outputs(case, swapped);
            assert!(
                outputs.iter().any(|output| output == case.expected),
                "{}, swapped: {swapped}: {:?} is not among {:?}",
                case.name,
                case.expected.escape_ascii().to_string(),
                outputs
                    .iter()
                    .map(|it| it.escape_ascii().to_string())
                    .collect::<Vec<_>>()
            );
            assert!(
                outputs.len() < 64,
                "{}: {} candidates",
                case.name,
                outputs.len()
            );
        }
    }
}

#[test]
fn a_string_does_not_overwrite_what_is_behind_it_first() {
    let case = Case {
        input: b"abc 12345",
        twin: b"fed 12345",
        operand: [b"abc 12345", b"fed 12345"],
        constant: b"key\0garb",
        cut: true,
        ..CASE
    };
    let outputs = outputs(&case, false);
    let of = |bytes: &[u8]| outputs.iter().position(|output| output == bytes).unwrap();
    assert!(of(b"key 12345") < of(b"key\0garb5"));
}

#[test]
fn operands_that_are_equal_or_not_in_the_input_have_no_candidate() {
    for (operand, constant) in [
        ([&b"ABCD"[..], b"FEBA"], &b"ABCD"[..]),
        ([b"QRST", b"RQST"], b"word"),
        ([b"ABCD", b"ABCD"], b"word"),
    ] {
        let case = Case {
            input: b"xxABCDxx",
            twin: b"xxFEBAxx",
            operand,
            constant,
            ..CASE
        };
        assert_eq!(outputs(&case, false), Vec::<Vec<u8>>::new(), "{operand:?}");
    }
}
