use super::{Effort, Integers, Subject, candidates};
use std::ops::ControlFlow;

const EQUAL: u8 = 1;
const GREATER: u8 = 2;
const FLOAT_EQUAL: u8 = 9;

/// A testcase, its twin, what the program compared with which constant, and an input
/// that must be among the candidates.
struct Case {
    name: &'static str,
    input: &'static [u8],
    twin: &'static [u8],
    bytes: u32,
    attribute: u8,
    effort: Effort,
    /// The operand that comes from the input, for the testcase and for its twin.
    operand: [u128; 2],
    constant: u128,
    expected: &'static [u8],
}

const CASE: Case = Case {
    name: "",
    input: b"",
    twin: b"",
    bytes: 4,
    attribute: EQUAL,
    effort: Effort::CHEAP,
    operand: [0; 2],
    constant: 0,
    expected: b"",
};

fn outputs(case: &Case, swapped: bool) -> Vec<Vec<u8>> {
    let subject = Subject::new(case.input, case.twin);
    let pair = |operand| {
        if swapped {
            [case.constant, operand]
        } else {
            [operand, case.constant]
        }
    };
    let comparison = Integers {
        bytes: case.bytes,
        attribute: case.attribute,
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

fn f(value: f64) -> u128 {
    value.to_bits().into()
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "little endian",
            input: b"xxABCDxx",
            twin: b"xxEFGHxx",
            operand: [0x4443_4241, 0x4847_4645],
            constant: 0xdead_beef,
            expected: b"xx\xef\xbe\xad\xdexx",
            ..CASE
        },
        Case {
            name: "big endian",
            input: b"xxABCDxx",
            twin: b"xxEFGHxx",
            operand: [0x4142_4344, 0x4546_4748],
            constant: 0x1122_3344,
            expected: b"xx\x11\x22\x33\x44xx",
            ..CASE
        },
        Case {
            name: "two bytes",
            input: b"xABx",
            twin: b"xCDx",
            bytes: 2,
            operand: [0x4241, 0x4443],
            constant: 0x1234,
            expected: b"x\x34\x12x",
            ..CASE
        },
        Case {
            name: "sixteen bytes, big endian",
            input: b"0123456789abcdef",
            twin: b"1032456798bacdef",
            bytes: 16,
            operand: [
                u128::from_be_bytes(*b"0123456789abcdef"),
                u128::from_be_bytes(*b"1032456798bacdef"),
            ],
            constant: u128::from_be_bytes(*b"The 16-byte word"),
            expected: b"The 16-byte word",
            ..CASE
        },
        Case {
            name: "two bytes that were extended",
            input: b"xABx",
            twin: b"xCDx",
            operand: [0x4241, 0x4443],
            constant: 0x1234,
            expected: b"x\x34\x12x",
            ..CASE
        },
        Case {
            name: "three bytes of a header",
            input: b"xABCx",
            twin: b"xDEFx",
            operand: [0x41_4243, 0x44_4546],
            constant: 0x12_3456,
            expected: b"x\x12\x34\x56x",
            ..CASE
        },
        Case {
            name: "a signed byte that was extended",
            input: b"x\xf0x",
            twin: b"x\x8fx",
            bytes: 8,
            operand: [0xffff_ffff_ffff_fff0, 0xffff_ffff_ffff_ff8f],
            constant: 0xffff_ffff_ffff_ff80,
            expected: b"x\x80x",
            ..CASE
        },
        Case {
            name: "one more for greater",
            input: b"ABCD",
            twin: b"EFGH",
            attribute: GREATER,
            operand: [0x4443_4241, 0x4847_4645],
            constant: 0x7000_00ff,
            expected: b"\x00\x01\x00\x70",
            ..CASE
        },
        Case {
            name: "one less where the predicate is not known",
            input: b"ABCD",
            twin: b"EFGH",
            attribute: 0,
            effort: Effort::ALL,
            operand: [0x4443_4241, 0x4847_4645],
            constant: 0x100,
            expected: b"\xff\0\0\0",
            ..CASE
        },
        Case {
            name: "decimal, of another length",
            input: b"v=23;",
            twin: b"v=87;",
            operand: [23, 87],
            constant: 1_234_567,
            expected: b"v=1234567;",
            ..CASE
        },
        Case {
            name: "decimal in a field",
            input: b"00000023",
            twin: b"11111187",
            operand: [23, 11_111_187],
            constant: 456,
            expected: b"00000456",
            ..CASE
        },
        Case {
            name: "negative decimal",
            input: b"v=23;",
            twin: b"v=87;",
            operand: [23, 87],
            constant: 0xffff_fff6,
            expected: b"v=-10;",
            ..CASE
        },
        Case {
            name: "decimal that was negative",
            input: b"v=-23;",
            twin: b"v=-87;",
            operand: [0xffff_ffe9, 0xffff_ffa9],
            constant: 1000,
            expected: b"v=1000;",
            ..CASE
        },
        Case {
            name: "hexadecimal",
            input: b"0x2f ",
            twin: b"0x8d ",
            operand: [0x2f, 0x8d],
            constant: 0xcafe,
            expected: b"0xcafe ",
            ..CASE
        },
        Case {
            name: "octal",
            input: b"0000644 ",
            twin: b"0000732 ",
            operand: [0o644, 0o732],
            constant: 0o1755,
            expected: b"0001755 ",
            ..CASE
        },
        Case {
            name: "varint",
            input: b"x\xac\x02x",
            twin: b"x\xd3\x7dx",
            operand: [300, 0x3ed3],
            constant: 100_000,
            expected: b"x\xa0\x8d\x06x",
            ..CASE
        },
        Case {
            name: "SCALE",
            input: b"x\xb1\x04x",
            twin: b"x\xb5\x04x",
            effort: Effort::ALL,
            operand: [300, 301],
            constant: 70_000,
            expected: b"x\xc2\x45\x04\0x",
            ..CASE
        },
        Case {
            name: "plus a constant",
            input: b"xxABCDxx",
            twin: b"xxEFGHxx",
            effort: Effort::ALL,
            operand: [0x4443_4241 + 0x1111, 0x4847_4645 + 0x1111],
            constant: 0x8765_4321,
            expected: b"xx\x10\x32\x65\x87xx",
            ..CASE
        },
        Case {
            name: "exclusive or",
            input: b"xxABCDxx",
            twin: b"xxEFGHxx",
            effort: Effort::ALL,
            operand: [0x4443_4241 ^ 0xa5a5_a5a5, 0x4847_4645 ^ 0xa5a5_a5a5],
            constant: 0xa5a5_a5a5,
            expected: b"xx\0\0\0\0xx",
            ..CASE
        },
        Case {
            name: "a constant minus it",
            input: b"xxABCDxx",
            twin: b"xxEFGHxx",
            effort: Effort::ALL,
            operand: [!0x4443_4241u32 as u128, !0x4847_4645u32 as u128],
            constant: 0,
            expected: b"xx\xff\xff\xff\xffxx",
            ..CASE
        },
        Case {
            name: "lower case",
            input: b"xxABCDxx",
            twin: b"xxEFGHxx",
            effort: Effort::ALL,
            operand: [0x6463_6261, 0x6867_6665],
            constant: u32::from_le_bytes(*b"http") as u128,
            expected: b"xxhttpxx",
            ..CASE
        },
        Case {
            name: "a decimal that was multiplied",
            input: b"v=23;",
            twin: b"v=87;",
            effort: Effort::ALL,
            operand: [23 * 12 + 5, 87 * 12 + 5],
            constant: 1000 * 12 + 5,
            expected: b"v=1000;",
            ..CASE
        },
        Case {
            name: "text that is no number",
            input: b"v: abc;",
            twin: b"v: fed;",
            effort: Effort::ALL,
            operand: [0, 0],
            constant: 4711,
            expected: b"v: 4711;",
            ..CASE
        },
        Case {
            name: "double",
            input: b"x\0\0\0\0\0\0\x24\x40",
            twin: b"x\x01\x01\x01\x01\x01\x01\x24\x40",
            bytes: 8,
            attribute: FLOAT_EQUAL,
            operand: [f(10.0), 0x4024_0101_0101_0101],
            constant: f(3.5),
            expected: b"x\0\0\0\0\0\0\x0c\x40",
            ..CASE
        },
        Case {
            name: "float that became a double",
            input: b"x\0\0\x20\x41",
            twin: b"x\x01\x01\x20\x41",
            bytes: 8,
            attribute: FLOAT_EQUAL,
            operand: [f(10.0), f(f64::from(f32::from_bits(0x4120_0101)))],
            constant: f(3.5),
            expected: b"x\0\0\x60\x40",
            ..CASE
        },
        Case {
            name: "integer that became a double",
            input: b"x\x10\x27x",
            twin: b"x\x11\x28x",
            bytes: 8,
            attribute: FLOAT_EQUAL,
            operand: [f(10_000.0), f(10_257.0)],
            constant: f(4660.0),
            expected: b"x\x34\x12x",
            ..CASE
        },
        Case {
            name: "text that became a double",
            input: b"<2.25>",
            twin: b"<8.74>",
            bytes: 8,
            attribute: FLOAT_EQUAL,
            operand: [f(2.25), f(8.74)],
            constant: f(1000.125),
            expected: b"<1000.125>",
            ..CASE
        },
    ]
}

#[test]
fn each_encoding_has_its_candidate_whichever_side_the_input_is_on() {
    for case in &cases() {
        for swapped in [false, true] {
            let outputs = outputs(case, swapped);
            assert!(
                outputs.iter().any(|output| output == case.expected),
                "{}, swapped: {swapped}: {:?} is not among {outputs:?}",
                case.name,
                case.expected.escape_ascii().to_string()
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
fn what_does_not_come_from_the_input_has_no_candidate() {
    let base = Case {
        input: b"xxABCDxx",
        twin: b"xxEFGHxx",
        operand: [0x4443_4241, 0x4847_4645],
        constant: 0xdead_beef,
        ..CASE
    };
    assert_eq!(outputs(&base, false).len(), 1);
    for (name, operand, constant) in [
        ("the twin has something else", [0x4443_4241, 0x1111_1111], 1),
        (
            "it is equal already",
            [0x4443_4241, 0x4847_4645],
            0x4443_4241,
        ),
        ("nothing varies", [7, 7], 9),
        ("neither is in the input", [0x5152_5354, 0x5152_5355], 9),
    ] {
        let case = Case {
            operand,
            constant,
            ..base
        };
        assert_eq!(outputs(&case, false), Vec::<Vec<u8>>::new(), "{name}");
    }
}

#[test]
fn a_rare_constant_that_stands_in_the_input_is_replaced_though_it_cannot_be_colorized() {
    let case = Case {
        input: b"GIF8 ABCD",
        twin: b"GIF8 EFGH",
        operand: [u32::from_le_bytes(*b"GIF8").into(); 2],
        constant: u32::from_le_bytes(*b"RIFF").into(),
        ..CASE
    };
    assert!(outputs(&case, false).contains(&b"RIFF ABCD".to_vec()));
}

#[test]
fn candidates_are_made_one_after_another() {
    let case = &cases()[0];
    let subject = Subject::new(case.input, case.twin);
    let comparison = Integers {
        bytes: 4,
        attribute: GREATER,
        original: [case.operand[0], case.constant],
        changed: [case.operand[1], case.constant],
    };
    let mut count = 0;
    let flow = candidates(&subject, &comparison, Effort::ALL, &mut |_| {
        count += 1;
        ControlFlow::Break(())
    });
    assert!(flow.is_break() && count == 1);
}
