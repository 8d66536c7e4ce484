//! Lines from a stream whose writer may never end one.

use std::io::{BufRead, ErrorKind};

/// Bytes of a line that are kept. The rest of a longer one is thrown away.
pub(super) const LONGEST: usize = 4096;

/// Stands where the rest of a line was.
const CUT: &str = " …";

/// The lines of `stream`, each as soon as it has ended or is too long.
pub(super) fn lines(mut stream: impl BufRead) -> impl Iterator<Item = String> {
    let mut skips = false;
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        loop {
            let block = match stream.fill_buf() {
                Ok(block) => block,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => &[],
            };
            if block.is_empty() {
                return (!line.is_empty()).then(|| text(&line));
            }
            let end = memchr::memchr(b'\n', block);
            let part = &block[..end.unwrap_or(block.len())];
            let is_whole = end.is_some();
            let used = part.len() + usize::from(is_whole);
            if !skips {
                line.extend_from_slice(&part[..part.len().min(LONGEST + 1 - line.len())]);
            }
            stream.consume(used);
            if skips {
                skips = !is_whole;
            } else if line.len() > LONGEST {
                skips = !is_whole;
                line.truncate(LONGEST);
                return Some(text(&line) + CUT);
            } else if is_whole {
                return Some(text(&line));
            }
        }
    })
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{CUT, LONGEST, lines};
    use std::io::BufReader;

    fn of(bytes: &[u8], buffer: usize) -> Vec<String> {
        lines(BufReader::with_capacity(buffer, bytes)).collect()
    }

    #[test]
    fn lines_come_whole_and_the_end_of_a_long_one_is_thrown_away() {
        let full = "a".repeat(LONGEST);
        let text = format!("one\n\ntwo\n{full}\n{full}b\n{full}{full}{full}\nlast");
        let long = format!("{full}{CUT}");
        for buffer in [1, 7, 4096, 1 << 20] {
            let expected = ["one", "", "two", &full, &long, &long, "last"];
            assert_eq!(of(text.as_bytes(), buffer), expected);
        }
        assert_eq!(of(b"", 16), [""; 0]);
        assert_eq!(of(b"\xff\n", 16), ["\u{fffd}"]);
    }

    #[test]
    fn a_line_without_an_end_is_there_once() {
        let endless = vec![b'x'; 10 * LONGEST];
        let said = of(&endless, 4096);
        assert_eq!(said, ["x".repeat(LONGEST) + CUT]);
    }
}
