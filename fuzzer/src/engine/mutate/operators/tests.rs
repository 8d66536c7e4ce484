//! What each operator does to an input.

use super::super::tables::WEIGHTS;
use super::{super::blocks::Blocks, Context, Operator, Operator as Op};
use fast_rands::{Rand, StdRand};

const LONGEST: usize = 200;

fn context() -> Context {
    let mut context = Context::new(LONGEST);
    let tokens = ["TOKEN", "x", "found"].map(|token| token.as_bytes().to_vec());
    context.tokens.load(&tokens, 2);
    let mut rand = StdRand::with_seed(3);
    context.partners.begin(0);
    context.partners.offer(1, &[0xee; 40], &mut rand);
    context
}

/// Inputs of every length, as (before, after) of one operator.
fn applied(operator: Operator, longest_input: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut context = context();
    let mut rand = StdRand::with_seed(operator as u64 + 1);
    let mut bytes = Vec::with_capacity(LONGEST);
    let mut all = Vec::new();
    for round in 0..4000 {
        let length = 1 + rand.below_or_zero(longest_input);
        let before: Vec<u8> = (0..length).map(|_| 32 + (rand.next() % 64) as u8).collect();
        bytes.clear();
        bytes.extend_from_slice(&before);
        context.blocks = [Blocks::Short, Blocks::Medium, Blocks::Long][round % 3];
        let was_useful = context.apply(operator, &mut bytes, &mut rand);
        assert!((1..=LONGEST).contains(&bytes.len()), "{operator:?}");
        assert!(was_useful || bytes == before, "{operator:?} on {before:?}");
        if was_useful {
            all.push((before, bytes.clone()));
        }
    }
    assert_eq!(bytes.capacity(), LONGEST, "{operator:?} allocated");
    all
}

#[test]
fn every_operator_keeps_the_limits_and_is_mostly_of_use() {
    for (operator, _) in WEIGHTS {
        let all = applied(operator, LONGEST);
        assert!(all.len() > 2500, "{operator:?}: {}", all.len());
        let changed = all.iter().filter(|(before, after)| before != after);
        assert!(changed.count() > 2000, "{operator:?}");
        applied(operator, 1);
        applied(operator, 5);
    }
}

/// How the length changes: not at all, it grows, it shrinks.
#[test]
fn lengths_change_as_the_operators_name_says() {
    for (operator, _) in WEIGHTS {
        for (before, after) in applied(operator, 100) {
            let (before, after) = (before.len(), after.len());
            let is_right = match operator {
                Op::CloneBlock | Op::InsertFixed | Op::InsertToken => after > before,
                Op::InsertFoundToken => after == before + 5,
                Op::InsertByte => after == before + 1,
                Op::DeleteByte => after + 1 == before,
                Op::SpliceInsert => after > before,
                Op::DeleteBlock => after < before,
                Op::ChangeNumber => true,
                _ => after == before,
            };
            assert!(is_right, "{operator:?}: {before} to {after}");
        }
    }
}

#[test]
fn small_changes_are_small() {
    for (operator, most) in [
        (Op::FlipBit, 1),
        (Op::Interesting8, 1),
        (Op::Add8, 1),
        (Op::Subtract8, 1),
        (Op::Random8, 1),
        (Op::Increment, 1),
        (Op::Decrement, 1),
        (Op::FlipByte, 1),
        (Op::Interesting16, 2),
        (Op::Interesting16Be, 2),
        (Op::Add16, 2),
        (Op::Subtract16Be, 2),
        (Op::Interesting32, 4),
        (Op::Add32Be, 4),
        (Op::Subtract32, 4),
        (Op::OverwriteFoundToken, 5),
        (Op::OverwriteDigits, 8),
    ] {
        for (before, after) in applied(operator, 60) {
            let differ = before.iter().zip(&after).filter(|(a, b)| a != b).count();
            assert!(differ <= most, "{operator:?}: {before:?} to {after:?}");
        }
    }
}

#[test]
fn each_operator_of_numbers_does_what_its_name_says() {
    let mut context = context();
    let mut rand = StdRand::with_seed(9);
    let mut apply = |operator, bytes: [u8; 4]| {
        let mut bytes = bytes.to_vec();
        bytes.reserve(LONGEST);
        context.apply(operator, &mut bytes, &mut rand);
        u32::from_le_bytes(bytes.try_into().unwrap())
    };
    for _ in 0..200 {
        let old = 0x7000_0000_u32;
        let little = old.to_le_bytes();
        let big = old.to_be_bytes();
        assert!((1..=35).contains(&(apply(Op::Add32, little) - old)));
        assert!((1..=35).contains(&(old - apply(Op::Subtract32, little))));
        assert!((1..=35).contains(&(apply(Op::Add32Be, big).swap_bytes() - old)));
        assert!((1..=35).contains(&(old - apply(Op::Subtract32Be, big).swap_bytes())));
        let value = apply(Op::Interesting32, little) as i32;
        assert!(super::INTERESTING_32.contains(&value));
        let value = apply(Op::Interesting32Be, little).swap_bytes() as i32;
        assert!(super::INTERESTING_32.contains(&value));
        assert_eq!(apply(Op::FlipBit, little).count_ones().abs_diff(3), 1);
    }
}

#[test]
fn rearranging_keeps_the_bytes() {
    for operator in [Op::Shuffle, Op::SwapBlocks] {
        for (mut before, mut after) in applied(operator, 100) {
            before.sort_unstable();
            after.sort_unstable();
            assert_eq!(before, after, "{operator:?}");
        }
    }
}

#[test]
fn tokens_and_other_testcases_come_in() {
    for (operator, part) in [
        (Op::OverwriteFoundToken, &b"found"[..]),
        (Op::InsertFoundToken, b"found"),
        (Op::SpliceInsert, b"\xee"),
        (Op::SpliceOverwrite, b"\xee"),
    ] {
        for (_, after) in applied(operator, 50) {
            let is_in = after.windows(part.len()).any(|window| window == part);
            assert!(is_in, "{operator:?}: {after:?}");
        }
    }
    for operator in [Op::OverwriteToken, Op::InsertToken] {
        let all = applied(operator, 50);
        let with = |(_, after): &&(Vec<u8>, Vec<u8>)| after.windows(5).any(|w| w == b"TOKEN");
        assert!(
            all.iter().filter(with).count() > all.len() / 4,
            "{operator:?}"
        );
    }
}

#[test]
fn a_number_becomes_another_number() {
    let mut context = context();
    let mut rand = StdRand::with_seed(5);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..2000 {
        let mut bytes = b"width=-12 ".to_vec();
        bytes.reserve(LONGEST);
        assert!(context.apply(Op::ChangeNumber, &mut bytes, &mut rand));
        let text = String::from_utf8(bytes).unwrap();
        let number = text.strip_prefix("width=").unwrap().strip_suffix(' ');
        seen.insert(number.unwrap().parse::<i64>().unwrap());
    }
    for expected in [-13, -11, -24, -6, 11] {
        assert!(seen.contains(&expected), "{expected}");
    }
    assert!(seen.len() > 200, "{}", seen.len());
    let mut none = b"no digits".to_vec();
    assert!(!context.apply(Op::ChangeNumber, &mut none, &mut rand));
    for extreme in [
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999",
    ] {
        for _ in 0..100 {
            let mut bytes = extreme.as_bytes().to_vec();
            context.apply(Op::ChangeNumber, &mut bytes, &mut rand);
            let is_number = |(at, byte): (usize, &u8)| byte.is_ascii_digit() || at == 0;
            assert!(bytes.iter().enumerate().all(is_number), "{bytes:?}");
        }
    }
}
