//! How figures are told. All of it is made from what lies in the output folder or from a
//! [`Snapshot`](tine_output::stats::Snapshot): it knows neither the engine nor the
//! environment.
//!
//! | file | what |
//! |---|---|
//! | `campaign` | all instances in one output folder, as their files tell of them |
//! | `metrics` | their figures for Prometheus |
//! | `statsd` | figures of one session by StatsD |
//! | `summary` | the lines that end a session |

pub mod campaign;
pub mod metrics;
pub mod statsd;
pub mod summary;
