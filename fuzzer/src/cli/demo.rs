//! `tine demo`.

use super::values::whole_number;
use clap::Args;
use std::path::PathBuf;

/// Options of `tine demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Folder to work in, new or empty; it is kept [default: a fresh one in the temporary folder]
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,

    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = whole_number)]
    pub limit: u64,

    /// Plain lines instead of a status line that rewrites itself
    #[arg(long)]
    pub no_ui: bool,
}
