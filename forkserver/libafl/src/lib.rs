#![doc = include_str!("../README.md")]

mod builder;
mod compare;
mod coverage;
mod error;
mod executor;

pub use builder::ForkServerBuilder;
pub use compare::{CompareMap, CompareObserver};
pub use coverage::CoverageObserver;
pub use error::SetUpError;
pub use executor::TineExecutor;
pub use tine_controller::{
    Dialect, ForkServer, InputRoute, Launch, LossReason, Outcome, Pid, RunError, StartError,
    TargetConfig, TargetInfo, TargetOutput,
};
