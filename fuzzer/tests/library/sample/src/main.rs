//! Adds up the numbers on standard input.

use std::{io::Read, process::ExitCode};

fn main() -> ExitCode {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        return ExitCode::from(2);
    }
    let mut sum = 0_i64;
    for word in text.split_whitespace() {
        let added = word.parse().ok().and_then(|number| sum.checked_add(number));
        let Some(added) = added else {
            return ExitCode::FAILURE;
        };
        sum = added;
    }
    println!("{sum}");
    ExitCode::SUCCESS
}
