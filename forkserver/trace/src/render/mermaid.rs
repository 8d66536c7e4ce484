//! A sequence diagram for Mermaid. Two recordings of the same exchange give the same
//! diagram: no times, no process numbers, no addresses.

use crate::{Event, PipeName, Recording, Role, Route, Step};
use std::{collections::HashSet, fmt::Write as _};

/// The diagram, without the fence around it.
#[must_use]
pub fn mermaid(recording: &Recording) -> String {
    let mut text = String::from("sequenceDiagram\n");
    let places = places(recording);
    for (actor, place) in recording.actors.iter().zip(&places) {
        if let Some(place) = place {
            let _ = writeln!(text, "    participant P{place} as {}", actor.name);
        }
    }
    let over = match places.iter().flatten().max() {
        None | Some(0) => "P0".into(),
        Some(last) => format!("P0,P{last}"),
    };
    let mut phase = String::new();
    for event in in_causal_order(recording) {
        let Some(line) = line(recording, &places, &event) else {
            continue;
        };
        if event.phase != phase {
            let _ = writeln!(text, "\n    Note over {over}: {}", event.phase);
            phase = event.phase;
        }
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn names(event: &Event, actor: usize) -> bool {
    event.actor == actor || event.to == Some(actor)
}

/// Where each process stands in the diagram: those that an event names, from left to
/// right.
fn places(recording: &Recording) -> Vec<Option<usize>> {
    let mut next = 0..;
    (0..recording.actors.len())
        .map(|index| {
            let is_named = recording.events.iter().any(|event| names(event, index));
            is_named.then(|| next.next()).flatten()
        })
        .collect()
}

/// Two processes that do not wait for each other may be seen in either order. Here a
/// child's preparations stand right behind its fork, then its pid, and its end right
/// before somebody is told of it, or behind the last signal to it.
fn in_causal_order(recording: &Recording) -> Vec<Event> {
    let mut ordered: Vec<Event> = Vec::with_capacity(recording.events.len());
    let mut signals = HashSet::new();
    for event in &recording.events {
        // How often a signal is sent again, and whether to one process after its
        // group, depends on how soon it works.
        if let Step::SignalSent { signal, .. } = event.step
            && !signals.insert((&event.phase, event.actor, event.to, signal))
        {
            continue;
        }
        let place = if is_preparation(recording, event) {
            end_of_birth(recording, &ordered, |child| child == event.actor)
        } else if matches!(&event.step, Step::Word { word, .. } if word == "pid") {
            end_of_birth(recording, &ordered, |_| true)
        } else {
            None
        };
        ordered.insert(place.unwrap_or(ordered.len()), event.clone());
    }
    // From behind, so that what follows is in its place already.
    for index in (0..ordered.len()).rev() {
        if let Some(place) = place_of_end(&ordered, index).filter(|place| *place > index) {
            ordered[index..=place].rotate_left(1);
        }
    }
    pull_back_unnoticed_ends(&mut ordered);
    ordered
}

fn is_preparation(recording: &Recording, event: &Event) -> bool {
    let prepares = matches!(event.step, Step::Prepared { .. } | Step::Closed { .. });
    prepares && recording.actors[event.actor].role == Role::Child
}

/// Behind the last fork of such a child and what it did to prepare itself.
fn end_of_birth(
    recording: &Recording,
    ordered: &[Event],
    is_meant: impl Fn(usize) -> bool,
) -> Option<usize> {
    let fork = ordered.iter().rposition(|event| {
        matches!(event.step, Step::Forked { .. }) && event.to.is_some_and(&is_meant)
    })?;
    let preparations = ordered[fork + 1..]
        .iter()
        .take_while(|event| is_preparation(recording, event))
        .count();
    Some(fork + 1 + preparations)
}

/// Where the end, or the stop, that is event `index` belongs.
fn place_of_end(ordered: &[Event], index: usize) -> Option<usize> {
    let event = &ordered[index];
    let is_end = matches!(event.step, Step::Ended { .. });
    if !is_end && !matches!(event.step, Step::Stopped { .. }) {
        return None;
    }
    let to_it = |later: &Event| later.to == Some(event.actor);
    let is_reaped = |later: &Event| to_it(later) && matches!(later.step, Step::Reaped { .. });
    let later = &ordered[index + 1..];
    if let Some(reaped) = later.iter().position(is_reaped) {
        let ends = later[..reaped].iter().rev().take_while(|event| {
            event.actor == ordered[index].actor
                && matches!(event.step, Step::Ended { .. } | Step::Stopped { .. })
        });
        return Some(index + reaped - ends.count());
    }
    let last = later.iter().rposition(to_it).filter(|_| is_end)?;
    Some(index + 1 + last)
}

/// An end that nobody is told of stands behind the last thing that was done to the
/// process, however late it was noticed.
fn pull_back_unnoticed_ends(ordered: &mut [Event]) {
    for index in 0..ordered.len() {
        let event = &ordered[index];
        let later = &ordered[index + 1..];
        let to_it = |other: &Event| other.to == Some(event.actor);
        if !matches!(event.step, Step::Ended { .. }) || later.iter().any(to_it) {
            continue;
        }
        let involves_it = |other: &Event| to_it(other) || other.actor == event.actor;
        if let Some(last) = ordered[..index].iter().rposition(involves_it) {
            ordered[last + 1..=index].rotate_right(1);
        }
    }
}

fn line(recording: &Recording, places: &[Option<usize>], event: &Event) -> Option<String> {
    let role = recording.actors.get(event.actor)?.role;
    let place = |actor: usize| places.get(actor).copied().flatten();
    let me = format!("P{}", place(event.actor)?);
    let to = event.to.and_then(place).map(|to| format!("P{to}"));
    let note = |text: String| Some(format!("Note over {me}: {text}"));
    let itself = |text: String| Some(format!("{me}->>{me}: {text}"));
    match &event.step {
        Step::PipeCreated {
            pipe: Some(pipe), ..
        } => itself(format!("pipe: {pipe}")),
        Step::SegmentCreated { segment, bytes, .. } => {
            itself(format!("shmget: {segment}, {bytes} bytes"))
        }
        Step::SegmentAttached { segment, .. } => itself(format!("shmat: {segment}")),
        Step::SegmentMarked { segment, .. } => itself(format!("shmctl IPC_RMID: {segment}")),
        Step::SegmentOverlaid { .. } => itself("mremap: coverage segment over the counters".into()),
        Step::InputFile { .. } => itself("openat: file for inputs".into()),
        Step::Forked { pid_in_page } => {
            let page = if *pid_in_page {
                " (the kernel writes the pid to the control page)"
            } else {
                ""
            };
            Some(format!("{me}->>{}: fork{page}", to?))
        }
        Step::Placed { fd } => note(format!("dup to {fd}")),
        Step::Closed { first, last } if first == last => note(format!("close {first}")),
        Step::Closed { first, last } => note(format!("close {first} and {last}")),
        Step::Executed { variables, .. } => {
            let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
            let with = if names.is_empty() {
                String::new()
            } else {
                format!("<br/>{}", names.join("<br/>"))
            };
            note(format!("exec{with}"))
        }
        Step::Word {
            pipe,
            value,
            word,
            meaning,
            wrong,
            ..
        } => {
            let arrow = if *wrong { "-x" } else { "->>" };
            let what = match word.as_str() {
                "pid" => "pid of the child".into(),
                "options" | "hello" | "echo" | "reply" | "done" | "error" => {
                    format!("{word} {value:#010x}<br/>{}", clean(meaning))
                }
                "run request" => format!("was_killed = {value}"),
                "wait status" => format!("{word} {value:#06x}<br/>{}", clean(meaning)),
                _ => format!("{word}: {}", clean(meaning)),
            };
            Some(format!("{me}{arrow}{}: {}{what}", to?, fd(*pipe)))
        }
        Step::Bytes {
            pipe,
            count,
            meaning,
            ..
        } => note(format!("{pipe}: {count} bytes, {}", clean(meaning))),
        Step::Input { route, bytes } => note(format!(
            "input of {bytes} bytes {}",
            match route {
                Route::SharedMemory => "in the input segment",
                Route::Stdin => "on standard input",
                Route::File => "in the target's file",
            }
        )),
        Step::LimitPassed { .. } => note("time is up".into()),
        Step::SignalSent { name, group, .. } => {
            let group = if *group { " to its process group" } else { "" };
            Some(format!("{me}->>{}: {name}{group}", to?))
        }
        Step::SignalReceived { name, .. } => note(format!("{name} from the kernel")),
        // Whether a server that is about to be killed was stopped before is chance.
        Step::Stopped { name, .. } if role == Role::Child => note(format!("stopped by {name}")),
        Step::Stopped { .. } => None,
        Step::Continued => note("goes on".into()),
        Step::Ended { meaning, .. } => note(meaning.clone()),
        Step::Reaped { .. } => Some(format!("{}-->>{me}: wait", to?)),
        Step::Prepared { call } => note(clean(call)),
        Step::Coverage {
            edges, map_bytes, ..
        } => note(format!("{edges} of {map_bytes} counters are not zero")),
        Step::PipeCreated { pipe: None, .. } => None,
    }
}

/// The number of the descriptor in the target.
fn fd(pipe: PipeName) -> &'static str {
    match pipe {
        PipeName::Control => "198: ",
        PipeName::Status => "199: ",
    }
}

/// Without the characters that mean something to Mermaid.
fn clean(text: &str) -> String {
    text.replace(';', ",").replace('#', "")
}
