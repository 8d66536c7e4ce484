//! The hidden option that tells an instance by whom it was started.

use std::ffi::OsString;

/// The hidden option that tells an instance by whom it was started.
pub(super) const CAMPAIGN: &str = "--campaign";

/// The command line of a session as its user would write it.
pub fn shown(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let own = format!("{CAMPAIGN}=");
    // It stands right behind `tine fuzz`, where a target's arguments cannot be.
    if let Some(at) = words
        .iter()
        .take(3)
        .position(|word| word.to_string_lossy().starts_with(&own))
    {
        words.remove(at);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::shown;
    use std::ffi::OsString;

    #[test]
    fn the_hidden_option_is_not_shown() {
        let of = |text: &str| {
            let words = shown(text.split(' ').map(OsString::from));
            words.join(" ".as_ref()).into_string().unwrap()
        };
        assert_eq!(
            of("tine fuzz --campaign=7 -M main -- t --campaign=8"),
            "tine fuzz -M main -- t --campaign=8"
        );
        assert_eq!(of("tine fuzz -j 2 -- t"), "tine fuzz -j 2 -- t");
    }
}
