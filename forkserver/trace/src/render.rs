//! A recording, for people and for programs.

mod html;
mod json;
mod mermaid;
mod text;

pub use html::html;
pub use json::json;
pub use mermaid::mermaid;
pub use text::{heading, line, summary};
