//! Commands in an environment that is not friendly: what they were started with, signals,
//! peers that do not answer, names that stand for something else than a file.

mod campaign;
mod ends;
mod extremes;
mod inherited;
mod peers;
mod pipes;
