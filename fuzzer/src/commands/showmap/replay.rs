//! `tine showmap --replay`: many inputs, one after another, in one child of a
//! persistent target.

use super::{Runner, ShowmapError, Verdict, exit_code, inputs::Source, output::Sink};
use std::{path::PathBuf, process::ExitCode};

impl Runner {
    /// Runs the inputs up to the first one that crashes or takes too long: there the
    /// child is gone, and with it what they left behind.
    pub(super) fn replay(
        &mut self,
        files: &[PathBuf],
        sink: &Sink,
    ) -> Result<ExitCode, ShowmapError> {
        let mut last = Verdict::Ended;
        let mut ran = 0;
        for path in files {
            let source = Source::File(path.clone());
            let input = self.read(&source)?;
            if ran > 0 && !self.server.has_waiting_child() {
                self.say(format_args!(
                    "the child ended by itself: from here on a fresh one takes over"
                ));
            }
            let (outcome, _) = self.run(&source, &input)?;
            ran += 1;
            last = Verdict::of(outcome);
            let name = path.file_name().unwrap_or_default().display();
            self.say(format_args!("{name}: the target {outcome}"));
            if last != Verdict::Ended {
                break;
            }
        }
        self.counts.take(self.server.map());
        sink.write(None, &self.counts.text())?;
        let count = files.len();
        let end = match last {
            Verdict::Ended => "none of them crashed or took too long",
            Verdict::TimedOut => "the last of these took too long",
            Verdict::Crashed => "the last of these crashed",
        };
        self.say(format_args!(
            "{ran} of {count} inputs ran; {end}; {}",
            self.coverage(sink)
        ));
        Ok(exit_code(last))
    }
}
