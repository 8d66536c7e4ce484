//! The second word of a run: the child's wait status, as `wait(2)` encodes it.

/// A wait status, decoded on demand.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaitStatus(pub i32);

/// `SIGSTOP` on Linux, the signal by which a persistent child says that it is
/// done with an input.
const SIGSTOP: i32 = 19;

impl WaitStatus {
    /// Status of a child that raised `SIGSTOP`.
    pub const STOPPED: Self = Self(0x7f | SIGSTOP << 8);

    /// The exit code, if the child exited by itself.
    #[must_use]
    pub const fn exit_code(self) -> Option<i32> {
        if self.0 & 0x7f == 0 {
            Some((self.0 >> 8) & 0xff)
        } else {
            None
        }
    }

    /// The signal that ended the child, if one did.
    #[must_use]
    pub const fn signal(self) -> Option<i32> {
        let low = self.0 & 0x7f;
        if low != 0 && low != 0x7f {
            Some(low)
        } else {
            None
        }
    }

    /// The signal that stopped the child, if it is stopped and not gone.
    #[must_use]
    pub const fn stop_signal(self) -> Option<i32> {
        if self.0 & 0xff == 0x7f {
            Some((self.0 >> 8) & 0xff)
        } else {
            None
        }
    }

    /// Returns whether the child left a core dump.
    #[must_use]
    pub const fn dumped_core(self) -> bool {
        self.signal().is_some() && self.0 & 0x80 != 0
    }
}

impl core::fmt::Debug for WaitStatus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if let Some(code) = self.exit_code() {
            write!(f, "exited {code}")
        } else if let Some(signal) = self.stop_signal() {
            write!(f, "stopped by signal {signal}")
        } else if let Some(signal) = self.signal() {
            write!(f, "killed by signal {signal}")?;
            if self.dumped_core() {
                f.write_str(" (core dumped)")
            } else {
                Ok(())
            }
        } else {
            write!(f, "wait status {:#x}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::WaitStatus;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus};

    fn of_shell(script: &str) -> WaitStatus {
        // By `env`, because whoever runs the tests may have signals ignored (nohup).
        let status = Command::new("env")
            .args(["--default-signal", "/bin/sh", "-c", script])
            .status()
            .expect("sh runs");
        WaitStatus(status.into_raw())
    }

    #[test]
    fn exits_and_signals_of_real_children_are_told_apart() {
        for code in [0, 1, 77, 86, 255] {
            let status = of_shell(&std::format!("exit {code}"));
            assert_eq!((status.exit_code(), status.signal()), (Some(code), None));
        }
        for signal in [1, 6, 8, 9, 11, 15] {
            let status = of_shell(&std::format!("ulimit -c 0; kill -{signal} $$"));
            assert_eq!((status.exit_code(), status.signal()), (None, Some(signal)));
        }
    }

    #[test]
    fn agrees_with_std_on_every_16_bit_status() {
        for raw in 0..=0xffff {
            let ours = WaitStatus(raw);
            let theirs = ExitStatus::from_raw(raw);
            assert_eq!(ours.exit_code(), theirs.code(), "{raw:#x}");
            assert_eq!(ours.stop_signal(), theirs.stopped_signal(), "{raw:#x}");
            // 0xffff is WIFCONTINUED, which waitpid yields only on request.
            if raw != 0xffff {
                assert_eq!(
                    ours.signal().is_some(),
                    theirs.signal().is_some(),
                    "{raw:#x}"
                );
            }
        }
    }
}
