//! The commands, apart from `tine fuzz` in depth: what they are given, what they say, what they leave alone.

mod bad_input;
mod corpus_tools;
mod demo;
mod environment;
mod files;
mod precious_files;
mod sanitizers;
mod showmap;
mod surroundings;
