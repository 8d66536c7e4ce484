//! Starting a target: the first time, and after its fork server was lost.

use super::ForkServer;
use crate::{
    CompareLog, Dialect, Launch, LossReason, RunError, StartError, TargetConfig, TargetInfo,
    boot::{Boot, boot, new_map},
    channel::{AnyChannel, Channel, Context, ExecChannel, PipeChannel},
    first_pass::FirstPasses,
    input::InputPort,
    leftovers::Leftovers,
    signatures::Signatures,
};
use std::{thread, time::Duration};
use tine_protocol::layout::coverage;

/// Pauses between attempts to restart a lost server: the reason why it does not start may
/// pass.
const RESTART_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(1000)];

/// Limit of starts until the map fits. A target that does not say how much it needs is
/// given eight times as much each time.
const MAX_MAPS: u32 = 6;

impl ForkServer {
    /// Starts the target and shakes hands.
    ///
    /// The map is enlarged and the target started again if it has more
    /// counters than it was given room for.
    ///
    /// # Errors
    /// When the target cannot be executed, ends, does not answer or does not
    /// agree; when the system gives no segment, pipe or file.
    pub fn start(mut config: TargetConfig) -> Result<Self, StartError> {
        if config.launch == Launch::Exec {
            return Self::without_server(config);
        }
        let mut signatures =
            Signatures::of_file(&config.program).map_err(|source| StartError::Unreadable {
                program: config.program.clone(),
                source,
            })?;
        signatures.persistent |= config.enforce.persistent;
        signatures.deferred |= config.enforce.deferred;
        // Before there are segments, which the warden is not to hold.
        let leftovers = Leftovers::new();
        let mut input = InputPort::new(&config.input)?;
        let mut context = Context::new(leftovers)?;
        let mut log = config.compare_log.then(CompareLog::create).transpose()?;
        if let (Some(log), Some(limit)) = (&log, &mut config.memory_limit) {
            *limit = limit.saturating_add(log.size() as u64);
        }
        let chosen = config.map_size.unwrap_or(coverage::FIRST_MAP_SIZE);
        let mut map = new_map(chosen.clamp(coverage::PAGE_SIZE, coverage::MAX_MAP_SIZE))?;
        let mut attempts = 0;
        let (connection, info) = loop {
            let booted = boot(
                &config,
                signatures,
                &mut input,
                &mut context,
                log.as_ref(),
                &mut map,
            );
            attempts += 1;
            match booted? {
                Boot::Up(connection, info) => break (connection, info),
                Boot::NeedsMap(size) if attempts < MAX_MAPS => map = new_map(size)?,
                Boot::NeedsMap(size) => {
                    return Err(StartError::MapGrows {
                        program: config.program,
                        attempts,
                        size,
                    });
                }
            }
        };
        if let Some(log) = &mut log {
            log.expect(info.dialect);
        }
        let channel = PipeChannel::new(&config, context, connection);
        Ok(Self {
            first_passes: FirstPasses::new(config.startup_timeout),
            set_up: Duration::ZERO,
            config,
            signatures,
            info,
            map,
            map_used: 0,
            log,
            input,
            channel: AnyChannel::Pipe(channel),
            restarts: 0,
            last_loss: None,
        })
    }

    /// For a target that is executed for each run.
    fn without_server(config: TargetConfig) -> Result<Self, StartError> {
        let leftovers = Leftovers::new();
        let input = InputPort::new(&config.input)?;
        let map = new_map(coverage::PAGE_SIZE)?;
        let channel = ExecChannel::new(&config, &input, Context::new(leftovers)?)?;
        Ok(Self {
            signatures: Signatures::default(),
            info: TargetInfo {
                dialect: Dialect::Classic,
                map_size: 0,
                edges: None,
                room: 0,
                persistent: false,
                deferred: false,
                instrumented: false,
                shm_input: false,
                dictionary: Vec::new(),
            },
            map,
            map_used: 0,
            input,
            channel: AnyChannel::Exec(channel),
            first_passes: FirstPasses::new(config.startup_timeout),
            set_up: Duration::ZERO,
            log: None,
            restarts: 0,
            last_loss: None,
            config,
        })
    }

    /// Replaces a lost server.
    #[cold]
    pub(super) fn restart(&mut self, reason: LossReason) -> Result<(), RunError> {
        self.channel.end();
        self.restarts += 1;
        self.last_loss = Some(reason);
        for pause in RESTART_PAUSES {
            match self.boot_again() {
                Ok(()) => return Ok(()),
                // That does not pass.
                Err(StartError::MapChanged { .. }) => break,
                Err(_) => thread::sleep(pause),
            }
        }
        self.boot_again().map_err(|source| RunError::Restart {
            reason,
            source: Box::new(source),
        })
    }

    fn boot_again(&mut self) -> Result<(), StartError> {
        let booted = boot(
            &self.config,
            self.signatures,
            &mut self.input,
            self.channel.context_mut(),
            self.log.as_ref(),
            &mut self.map,
        );
        let before = self.info.map_size;
        let changed = |now| StartError::MapChanged {
            program: self.config.program.clone(),
            before,
            now,
        };
        match booted? {
            Boot::Up(connection, info) => {
                self.channel.reconnect(connection);
                if info.map_size != before {
                    self.channel.end();
                    return Err(changed(info.map_size));
                }
                self.info = info;
                // The map is looked at as a whole until the next run says what is used.
                self.map_used = 0;
                Ok(())
            }
            // It fitted when it was started first.
            Boot::NeedsMap(size) => Err(changed(size)),
        }
    }
}
