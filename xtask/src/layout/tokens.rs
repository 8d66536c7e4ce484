//! Paths in a stream of tokens: bodies, signatures, attributes and the arguments of macros
//! alike.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// A path, name by name: `["super", "queue", "Queue"]`.
pub type Names = Vec<String>;

/// What stands in a stream of tokens.
#[derive(Debug, Default)]
pub struct Found {
    /// All names.
    pub names: BTreeSet<String>,
    /// All paths of two names or more.
    pub paths: BTreeSet<Names>,
}

impl Found {
    /// Adds what stands in `tokens`.
    pub fn add(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(_) => at = self.path(&tokens, at, &[]),
                // `::std::io`: another crate's, whatever it is called.
                TokenTree::Punct(_) if is_double_colon(&tokens, at) => {
                    at += 2;
                    if let Some(TokenTree::Ident(_)) = tokens.get(at) {
                        let mut other = Self::default();
                        at = other.path(&tokens, at, &[]);
                    }
                }
                TokenTree::Group(group) => {
                    self.add(group.stream());
                    at += 1;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
            }
        }
    }

    /// Adds the path that begins at `at`, behind `before`. Returns where it ends.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, before: &[String]) -> usize {
        let mut path = before.to_vec();
        while let Some(TokenTree::Ident(name)) = tokens.get(at) {
            self.names.insert(name.to_string());
            path.push(name.to_string());
            at += 1;
            if !is_double_colon(tokens, at) {
                break;
            }
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(_)) => at += 2,
                // `use super::{a, b::c};` within a body.
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.group(group.stream(), &path);
                    return at + 3;
                }
                _ => break,
            }
        }
        if path.len() > 1 {
            self.paths.insert(path);
        }
        at
    }

    fn group(&mut self, tokens: TokenStream, before: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Ident(_) => self.path(&tokens, at, before),
                _ => at + 1,
            };
        }
    }
}

fn is_double_colon(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(it)) if it.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

#[cfg(test)]
mod tests {
    use super::Found;

    fn paths(text: &str) -> Vec<String> {
        let mut found = Found::default();
        found.add(text.parse().unwrap());
        found.paths.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        for (text, expected) in [
            (
                "fn f(a: super::A) -> b::B { c::d::<E>(1) }",
                &["b::B", "c::d", "super::A"][..],
            ),
            (
                "#[error(\"{}\", crate::text::grouped(*.0))] X",
                &["crate::text::grouped"],
            ),
            (
                "{ use super::{a, b::{C, d}}; }",
                &["super::a", "super::b::C", "super::b::d"],
            ),
            ("say!(\"{}\", x::y(z))", &["x::y"]),
            ("::std::mem::take(a)", &[]),
            ("a.b::<T>().c", &[]),
            ("$crate::m::f()", &["crate::m::f"]),
        ] {
            assert_eq!(paths(text), expected, "{text}");
        }
    }
}
