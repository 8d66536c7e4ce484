//! The handshake as two state machines without I/O, one a side.
//!
//! In v1, the dialect that tine and AFL++ from 4.20c on speak:
//!
//! ```text
//! runtime -> controller   0x41464c01              hello
//! controller -> runtime   hello xor 0xffffffff    echo
//! runtime -> controller   options                 one bit an option
//! runtime -> controller   parameters              map size, dictionary …
//! runtime -> controller   0x41464c01              done
//! ```
//!
//! In AFL++ up to 4.10c the hello itself carries the options and the controller
//! answers at most one word. In classic AFL there is the hello and no more.

pub mod controller;
pub mod runtime;

#[cfg(test)]
mod testdata;
