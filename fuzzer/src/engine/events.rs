//! What leaves a session while it runs: sentences, finds, figures. Whoever wants to know
//! subscribes; the engine itself prints nothing.
//!
//! A run that brings nothing new makes no event.

use crate::report::stats::{Facts, Snapshot};
use std::{error::Error, fmt, path::Path, time::Instant};
use tine_controller::Outcome;

/// How much a sentence matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The session does what was asked for.
    Information,
    /// Something is not as the user may expect.
    Warning,
}

/// Something that happened in a session.
#[derive(Debug)]
#[allow(dead_code, reason = "not every subscriber asks for everything")]
pub enum Event<'a> {
    /// A sentence for the user.
    Note {
        /// How much it matters.
        severity: Severity,
        /// The sentence.
        text: fmt::Arguments<'a>,
    },
    /// The output folder belongs to the session. Nothing was started yet, and there is no
    /// other thread.
    Opened {
        /// The folder with the results of all instances, as the user named it.
        output: &'a Path,
    },
    /// The target has started; the seeds are run next.
    Began {
        /// The folder of the instance.
        folder: &'a Path,
        /// What stays the same in all figures.
        facts: &'a Facts,
    },
    /// An input covers something new, and is in the queue now.
    Testcase {
        /// Its file.
        path: &'a Path,
        /// It takes edges that no other testcase takes.
        has_new_edges: bool,
        /// Another fuzzer has found it.
        is_import: bool,
    },
    /// A new crash was saved.
    Crash {
        /// The input.
        path: &'a Path,
        /// How the run ended.
        outcome: Outcome,
    },
    /// A new hang was saved.
    Hang {
        /// The input.
        path: &'a Path,
    },
    /// An input on which the fork server is lost was set aside.
    Lost {
        /// The input.
        path: &'a Path,
    },
    /// The figures, because somebody wanted them.
    Figures {
        /// The figures.
        snapshot: &'a Snapshot,
        /// When they were asked for.
        now: Instant,
    },
    /// The session is over, for a good reason or a bad one.
    Ended {
        /// The last figures.
        snapshot: &'a Snapshot,
    },
}

/// What a subscriber could not do.
#[derive(Debug)]
pub enum Complaint {
    /// All subscribers are told, and the session goes on.
    Tell(Box<dyn Error + Send + Sync>),
    /// The session ends with this error.
    End(Box<dyn Error + Send + Sync>),
}

impl Complaint {
    /// One that ends the session.
    #[must_use]
    pub fn end(error: impl Error + Send + Sync + 'static) -> Self {
        Self::End(Box::new(error))
    }

    /// One that does not.
    #[must_use]
    pub fn tell(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Tell(Box::new(error))
    }
}

/// Somebody who wants to know what happens in a session. A closure that takes an
/// [`Event`] is one.
pub trait Subscriber {
    /// Whether figures are wanted now. Asked about ten times a second; figures that one
    /// subscriber wants are for all.
    fn wants_figures(&self, now: Instant) -> bool {
        let _ = now;
        false
    }

    /// Takes note of an event.
    ///
    /// # Errors
    /// When what follows from it cannot be done.
    fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint>;
}

impl<F: FnMut(&Event<'_>)> Subscriber for F {
    fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint> {
        self(event);
        Ok(())
    }
}

/// All who want to know.
#[derive(Default)]
pub struct Events {
    subscribers: Vec<Box<dyn Subscriber>>,
    /// What ends the session.
    failure: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("subscribers", &self.subscribers.len())
            .field("failure", &self.failure)
            .finish()
    }
}

impl Events {
    /// For these, who are told in this order.
    #[must_use]
    pub fn new(subscribers: Vec<Box<dyn Subscriber>>) -> Self {
        Self {
            subscribers,
            failure: None,
        }
    }

    /// Whether somebody wants figures now.
    #[must_use]
    pub fn wants_figures(&self, now: Instant) -> bool {
        let mut all = self.subscribers.iter();
        all.any(|subscriber| subscriber.wants_figures(now))
    }

    /// Tells everybody. What ends the session is kept for [`Self::check`].
    #[cold]
    pub fn emit(&mut self, event: &Event<'_>) {
        let mut complaints = Vec::new();
        for subscriber in &mut self.subscribers {
            match subscriber.hear(event) {
                Ok(()) => {}
                Err(Complaint::Tell(error)) => complaints.push(error),
                Err(Complaint::End(error)) => {
                    self.failure.get_or_insert(error);
                }
            }
        }
        // Complaints about these sentences would have no end.
        for complaint in complaints {
            for subscriber in &mut self.subscribers {
                let text = format_args!("{complaint}");
                let severity = Severity::Warning;
                let _ = subscriber.hear(&Event::Note { severity, text });
            }
        }
    }

    /// What happened so far must not end the session.
    ///
    /// # Errors
    /// When it does.
    pub fn check(&mut self) -> Result<(), SubscriberError> {
        self.failure
            .take()
            .map_or(Ok(()), |error| Err(SubscriberError(error)))
    }

    /// A sentence about what the session does.
    pub fn note(&mut self, text: fmt::Arguments<'_>) {
        let severity = Severity::Information;
        self.emit(&Event::Note { severity, text });
    }

    /// A sentence about what is not as the user may expect.
    pub fn warn(&mut self, text: fmt::Arguments<'_>) {
        let severity = Severity::Warning;
        self.emit(&Event::Note { severity, text });
    }
}

/// A subscriber cannot do what the session is of no use without.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SubscriberError(Box<dyn Error + Send + Sync>);

#[cfg(test)]
mod tests {
    use super::{Complaint, Event, Events, Severity, Subscriber};
    use std::{cell::RefCell, io, path::Path, rc::Rc, time::Instant};

    type Heard = Rc<RefCell<Vec<String>>>;

    fn words(event: &Event<'_>) -> String {
        match event {
            Event::Note { severity, text } => format!("{severity:?}: {text}"),
            Event::Hang { path } => format!("hang {}", path.display()),
            _ => "another".into(),
        }
    }

    /// Complains about hangs.
    struct Complaining(Heard, fn(io::Error) -> Complaint);

    impl Subscriber for Complaining {
        fn wants_figures(&self, _now: Instant) -> bool {
            true
        }

        fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint> {
            self.0.borrow_mut().push(words(event));
            match event {
                Event::Hang { .. } => Err(self.1(io::Error::other("no hangs, please"))),
                _ => Ok(()),
            }
        }
    }

    fn hang() -> Event<'static> {
        let path = Path::new("hangs/1");
        Event::Hang { path }
    }

    #[test]
    fn all_are_told_in_their_order() {
        let heard = Heard::default();
        let listen = |name: &'static str| -> Box<dyn Subscriber> {
            let heard = Rc::clone(&heard);
            Box::new(move |event: &Event<'_>| {
                heard.borrow_mut().push(format!("{name} {}", words(event)));
            })
        };
        let mut events = Events::new(vec![listen("a"), listen("b")]);
        events.emit(&hang());
        events.warn(format_args!("{} is odd", 3));
        assert!(!events.wants_figures(Instant::now()));
        let expected = [
            "a hang hangs/1",
            "b hang hangs/1",
            "a Warning: 3 is odd",
            "b Warning: 3 is odd",
        ];
        assert_eq!(*heard.borrow(), expected);
        assert!(Severity::Warning > Severity::Information);
    }

    #[test]
    fn a_complaint_is_told_to_all_or_ends_the_session() {
        let heard = Heard::default();
        let complaining = Complaining(Rc::clone(&heard), Complaint::tell);
        let mut events = Events::new(vec![Box::new(complaining)]);
        assert!(events.wants_figures(Instant::now()));
        events.emit(&hang());
        assert!(events.check().is_ok());
        let expected = ["hang hangs/1", "Warning: no hangs, please"];
        assert_eq!(*heard.borrow(), expected);

        let complaining = Complaining(Rc::default(), Complaint::end);
        let mut events = Events::new(vec![Box::new(complaining)]);
        events.emit(&hang());
        events.emit(&hang());
        let error = events.check().unwrap_err();
        assert_eq!(error.to_string(), "no hangs, please");
        assert!(events.check().is_ok(), "it is told once");
    }
}
