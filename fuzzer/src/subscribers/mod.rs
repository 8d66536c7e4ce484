//! Who is told about a session of `tine fuzz`, and what follows.
//!
//! | file | what |
//! |---|---|
//! | `terminal` | sentences and the status line, on standard error |
//! | `statistics` | `fuzzer_stats` and `plot_data` |
//! | `statsd` | figures for StatsD |
//! | `prometheus` | figures for Prometheus |
//! | `on_crash` | the user's command at a new crash |

mod on_crash;
mod prometheus;
mod statistics;
mod statsd;
mod terminal;

pub use on_crash::OnCrash;
pub use prometheus::Prometheus;
pub use statistics::Statistics;
pub use statsd::StatsdSender;
pub use terminal::Terminal;
