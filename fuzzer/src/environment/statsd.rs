//! Where AFL's variables have figures sent.

use super::{VariableError, Variables};
use tine_report::statsd::StatsdSettings;

/// What AFL's variables say about StatsD; `None` if they do not ask for it.
///
/// # Errors
/// When the port is none.
pub fn statsd(variables: &Variables) -> Result<Option<StatsdSettings>, VariableError> {
    if !variables.is_set("AFL_STATSD") {
        return Ok(None);
    }
    let range = 1..=u64::from(u16::MAX);
    let port = variables.number("AFL_STATSD_PORT", range, "give a port, 1 to 65535")?;
    Ok(Some(StatsdSettings {
        host: variables.text("AFL_STATSD_HOST"),
        port: port.and_then(|port| port.try_into().ok()),
        flavor: variables.text("AFL_STATSD_TAGS_FLAVOR"),
    }))
}
