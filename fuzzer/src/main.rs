//! The `tine` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tine::cli_main()
}
