//! What a session leaves on disk, and what it says at its end.

pub mod campaign;
pub mod figures;
pub mod folder;
pub mod inform;
pub mod metrics;
pub mod name;
pub mod shell;
pub mod stats;
pub mod statsd;
pub mod store;
pub mod summary;
pub mod text;

/// `3 crashes`, `1 hang`: a number with its noun.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    let grouped = crate::ui::grouped(count);
    let ending = match noun {
        _ if count == 1 => "",
        _ if noun.ends_with("sh") => "es",
        _ => "s",
    };
    format!("{grouped} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn nouns_follow_their_number() {
        assert_eq!(counted(0, "crash"), "0 crashes");
        assert_eq!(counted(1, "crash"), "1 crash");
        assert_eq!(counted(1234, "run"), "1,234 runs");
    }
}
