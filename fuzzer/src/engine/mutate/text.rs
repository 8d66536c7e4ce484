//! Whether an input is text.

/// Shorter inputs are not told apart.
const SHORTEST: usize = 12;

/// So much of an input is looked at.
const LOOKED_AT: usize = 4096;

/// Whether nearly all of an input is text: printable ASCII and white space, or
/// characters in UTF-8.
#[must_use]
pub fn is_text(input: &[u8]) -> bool {
    if input.len() < SHORTEST {
        return false;
    }
    let start = &input[..input.len().min(LOOKED_AT)];
    let mut characters = 0_usize;
    let mut odd = 0_usize;
    for chunk in start.utf8_chunks() {
        for character in chunk.valid().chars() {
            let is_space = matches!(character, '\t' | '\n' | '\r' | '\u{c}');
            characters += 1;
            odd += usize::from(character.is_control() && !is_space);
        }
        odd += chunk.invalid().len();
        characters += chunk.invalid().len();
    }
    // One in a hundred may be off; the last character may be cut.
    odd * 100 <= characters || odd <= 1 && characters > 50
}

#[cfg(test)]
mod tests {
    use super::is_text;

    #[test]
    fn text_is_told_from_data() {
        for (input, expected) in [
            (&b"<a href=\"x\">link</a>\n"[..], true),
            ("gr\u{fc}n und \u{4e2d}\u{6587}, \u{1f980}".as_bytes(), true),
            (b"function f() return 1 end\r\n\t-- x", true),
            (b"short", false),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", false),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", false),
            (&[0xe9; 40], false),
            (&[0; 100], false),
        ] {
            assert_eq!(is_text(input), expected, "{input:?}");
        }
        let mut long = b"word ".repeat(2000);
        assert!(is_text(&long));
        long[4095] = 0xe2;
        assert!(is_text(&long), "a character that is cut");
        long[..100].fill(1);
        assert!(!is_text(&long));
    }
}
