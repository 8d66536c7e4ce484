//! The examples of tine-ipc, as they are when they run: what each prints stands in the
//! chapter on its mechanism.

use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, anyhow};

use super::Part;
use crate::{paths, shell};

/// A part with the output of an example.
macro_rules! example {
    ($name:literal, $page:literal) => {
        Part {
            file: concat!("docs/mechanisms/", $page, ".md"),
            name: concat!("example-", $name),
            text: || output($name),
        }
    };
}

/// All examples.
pub const PARTS: &[Part] = &[
    example!("pipe", "pipe"),
    example!("fifo", "fifo"),
    example!("signal", "signal"),
    example!("queue_sysv", "message-queues"),
    example!("queue_posix", "message-queues"),
    example!("shm_sysv", "shared-memory"),
    example!("shm_posix", "shared-memory"),
    example!("shm_mmap", "shared-memory"),
    example!("semaphore_sysv", "semaphores"),
    example!("semaphore_posix", "semaphores"),
    example!("futex", "futex"),
    example!("socket_unix", "sockets"),
    example!("socket_tcp", "sockets"),
    example!("socket_udp", "sockets"),
];

/// The command that a reader types, and what it prints.
fn output(name: &str) -> Result<String> {
    build()?;
    let program = paths::target_dir().join("debug/examples").join(name);
    let text = shell::capture(&mut Command::new(program))?;
    Ok(format!(
        "```text\n$ cargo run --example {name}\n{}\n```",
        text.trim_end()
    ))
}

/// All of them at once, and once.
fn build() -> Result<()> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let mut cargo = Command::new(paths::cargo());
        cargo.args(["build", "--quiet", "--package", "tine-ipc", "--examples"]);
        shell::run(cargo.current_dir(paths::root())).map_err(|error| format!("{error:#}"))
    });
    built.clone().map_err(|message| anyhow!(message))
}
