//! Watches a controller and a fork server talk: every word on the pipes, every
//! segment, every signal, every process, in order and with times.
//!
//! Neither side knows of it. The controller is started as a traced process
//! (`ptrace(2)`), and whatever it starts is traced along with it; system calls,
//! signals and exits are looked at as they happen, the words are read from the
//! callers' memory. So it works with any controller (tine, afl-fuzz,
//! afl-showmap) and any target, and costs nothing where it is not used.
//!
//! ```text
//! record()      starts the controller, calls back with each Event, returns a Recording
//!   kernel      ptrace and waitpid: the only unsafe code
//!   tracer      stops and resumes: which process does what
//!   call        the system calls that matter, with their arguments
//!   observer    from system calls to Events: who is who, which pipe is which
//!   wire        the bytes on the two pipes, decoded by tine-protocol's state machine
//!   memory      the segments and the memory of the traced, read from outside
//! event         what is recorded; serialised, it is the JSON format
//! render        text, Mermaid, JSON, HTML
//! ```

mod call;
mod event;
mod kernel;
mod memory;
mod observer;
pub mod render;
mod tracer;
mod wire;

pub use event::{
    Actor, Event, FORMAT_VERSION, PipeName, Recording, Role, Route, SegmentName, Step,
};
pub use tracer::{TraceError, record};
