//! The environment as a value, and what its variables mean.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    ops::RangeInclusive,
    time::Duration,
};

/// Variables of an environment: read once, when tine starts, and handed on. Tests make
/// their own.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<OsString, OsString>);

/// A variable with a value that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value}: {expected}")]
pub struct VariableError {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What would be right.
    pub expected: &'static str,
}

impl Variables {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        env::vars_os().collect()
    }

    /// All of them, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let all = self.0.iter();
        all.map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The value as it is, if the variable is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value as it is; one that is set to nothing counts as not set.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether a variable is there, with any value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a variable is set to something that means yes.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.filled(name).is_some_and(|value| value != "0")
    }

    /// The value as text; one that is set to nothing counts as not set.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.filled(name)?.display().to_string())
    }

    /// A number in `range`; `expected` says what it has to be.
    ///
    /// # Errors
    /// When the value is no such number.
    pub fn number(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
        expected: &'static str,
    ) -> Result<Option<u64>, VariableError> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        match value.parse::<u64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(VariableError {
                name,
                value,
                expected,
            }),
        }
    }

    /// A duration in milliseconds.
    ///
    /// # Errors
    /// When the value is no number of milliseconds.
    pub fn milliseconds(&self, name: &'static str) -> Result<Option<Duration>, VariableError> {
        let expected = "give a number of milliseconds, such as 10000";
        let chosen = self.number(name, 1..=u64::MAX, expected)?;
        Ok(chosen.map(Duration::from_millis))
    }

    /// A duration in seconds.
    ///
    /// # Errors
    /// When the value is no number of seconds.
    pub fn seconds(&self, name: &'static str) -> Result<Option<Duration>, VariableError> {
        let chosen = self.number(name, 1..=u64::MAX / 1000, "give a number of seconds")?;
        Ok(chosen.map(Duration::from_secs))
    }

    /// A number of inputs, `most` at the most.
    ///
    /// # Errors
    /// When the value is no such number.
    pub fn count(&self, name: &'static str, most: usize) -> Result<Option<usize>, VariableError> {
        let expected = "give a number of inputs, such as 1000; a million at the most, 0 for none";
        let chosen = self.number(name, 0..=most as u64, expected)?;
        Ok(chosen.map(|count| count as usize))
    }

    /// A number of megabytes.
    ///
    /// # Errors
    /// When the value is no number.
    pub fn megabytes(&self, name: &'static str) -> Result<Option<u64>, VariableError> {
        self.number(name, 0..=u64::MAX, "give a number of megabytes, such as 50")
    }

    /// The number of a signal.
    ///
    /// # Errors
    /// When the value is no such number.
    pub fn signal(&self, name: &'static str) -> Result<Option<i32>, VariableError> {
        let chosen = self.number(name, 1..=64, "give the number of a signal, such as 9")?;
        Ok(chosen.map(|signal| signal as i32))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(
            variables
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Variables;
    use std::time::Duration;

    #[test]
    fn what_is_set_to_nothing_counts_as_not_set() {
        let variables = Variables::from_iter([("EMPTY", ""), ("NO", "0"), ("YES", "1")]);
        for (name, has, is_set, text) in [
            ("MISSING", false, false, None),
            ("EMPTY", true, false, None),
            ("NO", true, false, Some("0")),
            ("YES", true, true, Some("1")),
        ] {
            assert_eq!(variables.has(name), has, "{name}");
            assert_eq!(variables.is_set(name), is_set, "{name}");
            assert_eq!(variables.text(name).as_deref(), text, "{name}");
        }
    }

    #[test]
    fn a_value_that_means_nothing_is_named_with_what_would_be_right() {
        let variables = Variables::from_iter([
            ("MS", "250"),
            ("S", "3"),
            ("SIGNAL", "65"),
            ("COUNT", "11"),
            ("WORD", "many"),
        ]);
        assert_eq!(
            variables.milliseconds("MS"),
            Ok(Some(Duration::from_millis(250)))
        );
        assert_eq!(variables.seconds("S"), Ok(Some(Duration::from_secs(3))));
        assert_eq!(variables.megabytes("MISSING"), Ok(None));
        for (error, sentence) in [
            (
                variables.signal("SIGNAL").unwrap_err(),
                "SIGNAL=65: give the number of a signal, such as 9",
            ),
            (
                variables.count("COUNT", 10).unwrap_err(),
                "COUNT=11: give a number of inputs, such as 1000; a million at the most, 0 for none",
            ),
            (
                variables.seconds("WORD").unwrap_err(),
                "WORD=many: give a number of seconds",
            ),
        ] {
            assert_eq!(error.to_string(), sentence);
        }
    }
}
