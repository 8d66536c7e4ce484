//! The `tine-cc` command: a C compiler that makes programs tine can drive.

use std::process::ExitCode;

fn main() -> ExitCode {
    tine_controller::inherited::settle_signals();
    tine_instrument::main(tine_instrument::Language::C)
}
