//! Who hears what is told in a thread: standard error, or a program that uses the library.
//!
//! A session runs in one thread, and several may run at a time.

use crate::report::stats::Snapshot;
use std::{
    cell::RefCell,
    fmt,
    io::{self, Write as _},
    rc::Rc,
};

/// Something that is told.
pub enum Heard<'a> {
    /// A sentence.
    Sentence(fmt::Arguments<'a>),
    /// Where the session stands.
    Figures(&'a Snapshot),
}

type Listener = Rc<RefCell<dyn FnMut(Heard<'_>)>>;

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// As long as this lives, a listener hears what is told in this thread, and nothing is
/// printed.
pub struct Listening(Option<Listener>);

impl Listening {
    /// Begins to listen.
    pub fn start(listener: impl FnMut(Heard<'_>) + 'static) -> Self {
        let listener: Listener = Rc::new(RefCell::new(listener));
        Self(LISTENER.replace(Some(listener)))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Whoever listened before.
        LISTENER.set(self.0.take());
    }
}

/// Tells a sentence.
pub fn say(sentence: fmt::Arguments<'_>) {
    if !tell(Heard::Sentence(sentence)) {
        // Nobody may be listening.
        let shown = crate::report::text::Shown(sentence);
        let _ = writeln!(io::stderr(), "tine: {shown}");
    }
}

/// Tells where the session stands, to a listener only.
pub fn figures(snapshot: &Snapshot) {
    tell(Heard::Figures(snapshot));
}

/// Whether there is a listener.
fn tell(heard: Heard<'_>) -> bool {
    // It may itself begin a session: it is not borrowed from the thread while it hears.
    let Some(listener) = LISTENER.with_borrow(Clone::clone) else {
        return false;
    };
    if let Ok(mut listener) = listener.try_borrow_mut() {
        listener(heard);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Heard, Listening, say};
    use std::{cell::RefCell, rc::Rc};

    #[test]
    fn what_is_said_is_heard_by_the_innermost_listener() {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let noted = |name: &'static str| {
            let heard = Rc::clone(&heard);
            move |said: Heard<'_>| {
                if let Heard::Sentence(sentence) = said {
                    heard.borrow_mut().push(format!("{name} {sentence}"));
                }
            }
        };
        let outer = Listening::start(noted("outer"));
        say(format_args!("1"));
        let inner = Listening::start(noted("inner"));
        say(format_args!("2"));
        drop(inner);
        say(format_args!("3"));
        drop(outer);
        assert_eq!(*heard.borrow(), ["outer 1", "inner 2", "outer 3"]);
    }
}
