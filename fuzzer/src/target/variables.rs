//! Environment variables that the user sets, as what they mean.

use super::TargetError;
use std::{env, ops::RangeInclusive, time::Duration};

/// Whether an environment variable is set to something that means yes.
pub fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

/// The duration that an environment variable gives in milliseconds, if it is set.
///
/// # Errors
/// When its value is no number of milliseconds.
pub fn duration_variable(name: &'static str) -> Result<Option<Duration>, TargetError> {
    let expected = "give a number of milliseconds, such as 10000";
    let chosen = number_variable(name, 1..=u64::MAX, expected)?;
    Ok(chosen.map(Duration::from_millis))
}

/// The number in `range` that an environment variable gives, if it is set; `expected`
/// says what it has to be.
///
/// # Errors
/// When its value is no such number.
pub fn number_variable(
    name: &'static str,
    range: RangeInclusive<u64>,
    expected: &'static str,
) -> Result<Option<u64>, TargetError> {
    let Some(value) = variable(name) else {
        return Ok(None);
    };
    match value.parse::<u64>() {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => Err(TargetError::Variable {
            name,
            value,
            expected,
        }),
    }
}

/// The count that an environment variable gives, if it is set; `most` at the most.
///
/// # Errors
/// When its value is no such number.
pub fn count_variable(name: &'static str, most: usize) -> Result<Option<usize>, TargetError> {
    let expected = "give a number of inputs, such as 1000; a million at the most, 0 for none";
    let chosen = number_variable(name, 0..=most as u64, expected)?;
    Ok(chosen.map(|count| count as usize))
}

/// The megabytes that an environment variable gives, if it is set.
///
/// # Errors
/// When its value is no number.
pub fn megabytes_variable(name: &'static str) -> Result<Option<u64>, TargetError> {
    number_variable(name, 0..=u64::MAX, "give a number of megabytes, such as 50")
}

/// The value of an environment variable, if it is set.
pub fn variable(name: &str) -> Option<String> {
    // One that is set to nothing counts as not set.
    let value = env::var_os(name).filter(|value| !value.is_empty())?;
    Some(value.display().to_string())
}

/// The number of a signal that an environment variable gives, if it is set.
///
/// # Errors
/// When its value is no such number.
pub fn signal_variable(name: &'static str) -> Result<Option<i32>, TargetError> {
    let chosen = number_variable(name, 1..=64, "give the number of a signal, such as 9")?;
    Ok(chosen.map(|signal| signal as i32))
}
