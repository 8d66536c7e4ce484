//! The machine that this runs on.

use super::machine::{Host, Limit, Place, Space};
use nix::sys::{
    personality::{self, Persona},
    resource::{self, Resource},
    statvfs::statvfs,
};
use std::{fs, io, path::PathBuf};
use tine_controller::page_tracking;
use tine_instrument::Language;

/// This machine.
#[derive(Debug)]
pub struct Live;

impl Host for Live {
    fn read(&self, path: &str) -> io::Result<String> {
        // Environments and command lines need not be UTF-8.
        fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn names(&self, folder: &str) -> Vec<String> {
        // A folder that is not there has nothing to tell.
        fs::read_dir(folder)
            .map(|entries| {
                let names = entries.flatten().map(|entry| entry.file_name());
                names.filter_map(|name| name.into_string().ok()).collect()
            })
            .unwrap_or_default()
    }

    fn limit(&self, limit: Limit) -> (u64, u64) {
        let resource = match limit {
            Limit::Processes => Resource::RLIMIT_NPROC,
            Limit::OpenFiles => Resource::RLIMIT_NOFILE,
            Limit::FileSize => Resource::RLIMIT_FSIZE,
        };
        resource::getrlimit(resource).unwrap_or((u64::MAX, u64::MAX))
    }

    fn user(&self) -> u32 {
        nix::unistd::getuid().as_raw()
    }

    fn allowed_cores(&self) -> Vec<usize> {
        crate::engine::allowed_cores()
    }

    fn fixes_addresses(&self) -> bool {
        // The targets of this process get the same anyway.
        personality::get()
            .and_then(|now| personality::set(now | Persona::ADDR_NO_RANDOMIZE))
            .is_ok()
    }

    fn tracks_pages(&self) -> Result<(), String> {
        page_tracking::probe().map_err(|(step, errno)| format!("{step} fails: {errno}"))
    }

    fn space(&self, place: Place) -> (PathBuf, io::Result<Space>) {
        let folder = match place {
            Place::Work => std::env::current_dir(),
            Place::Temporary => Ok(std::env::temp_dir()),
        };
        let folder = match folder {
            Ok(folder) => folder,
            Err(error) => return (".".into(), Err(error)),
        };
        let space = statvfs(&folder).map(|stat| Space {
            bytes: stat.blocks_available().saturating_mul(stat.fragment_size()),
            files: (stat.files() > 0).then(|| stat.files_available()),
        });
        (folder, space.map_err(Into::into))
    }

    fn compiler(&self) -> Result<PathBuf, String> {
        tine_instrument::compiler(Language::C).map_err(|error| error.to_string())
    }

    fn tools(&self) -> Vec<String> {
        tine_instrument::tools()
    }

    fn variables(&self) -> Vec<String> {
        std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect()
    }
}
