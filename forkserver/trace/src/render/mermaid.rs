//! A sequence diagram for Mermaid. Two recordings of the same exchange give the same
//! diagram: no times, no process numbers, no addresses.

use crate::{Event, PipeName, Recording, Role, Route, Step};
use std::fmt::Write as _;

/// The diagram, without the fence around it.
#[must_use]
pub fn mermaid(recording: &Recording) -> String {
    let mut text = String::from("sequenceDiagram\n");
    for (index, actor) in recording.actors.iter().enumerate() {
        if recording.events.iter().any(|event| names(event, index)) {
            let _ = writeln!(text, "    participant P{index} as {}", actor.name);
        }
    }
    let mut phase = "";
    for event in &in_causal_order(recording) {
        let Some(line) = line(recording, event) else {
            continue;
        };
        if event.phase != phase {
            let last = recording.actors.len() - 1;
            let over = if last == 0 {
                "P0".into()
            } else {
                format!("P0,P{}", last_named(recording))
            };
            let _ = writeln!(text, "\n    Note over {over}: {}", event.phase);
            phase = &event.phase;
        }
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn names(event: &Event, actor: usize) -> bool {
    event.actor == actor || event.to == Some(actor)
}

fn last_named(recording: &Recording) -> usize {
    (0..recording.actors.len())
        .rev()
        .find(|index| recording.events.iter().any(|event| names(event, *index)))
        .unwrap_or(0)
}

/// Two processes that do not wait for each other may be seen in either order. What a
/// child does by itself is put right behind its fork, its end right before somebody
/// is told of it.
fn in_causal_order(recording: &Recording) -> Vec<Event> {
    let mut ordered: Vec<Event> = Vec::with_capacity(recording.events.len());
    for event in &recording.events {
        let by_itself = matches!(event.step, Step::Prepared { .. } | Step::Closed { .. })
            && recording.actors[event.actor].role == Role::Child;
        let at = if by_itself {
            ordered
                .iter()
                .rposition(|earlier| {
                    earlier.actor == event.actor
                        && matches!(earlier.step, Step::Prepared { .. } | Step::Closed { .. })
                        || earlier.to == Some(event.actor)
                            && matches!(earlier.step, Step::Forked { .. })
                })
                .map(|at| at + 1)
        } else {
            None
        };
        ordered.insert(at.unwrap_or(ordered.len()), event.clone());
    }
    let mut index = 0;
    while index < ordered.len() {
        let event = &ordered[index];
        let told = matches!(event.step, Step::Ended { .. } | Step::Stopped { .. }).then(|| {
            ordered[index + 1..].iter().position(|later| {
                later.to == Some(event.actor) && matches!(later.step, Step::Reaped { .. })
            })
        });
        if let Some(Some(distance)) = told
            && distance > 0
        {
            let event = ordered.remove(index);
            ordered.insert(index + distance, event);
            // What came into this place is looked at in its turn.
            continue;
        }
        index += 1;
    }
    ordered
}

fn line(recording: &Recording, event: &Event) -> Option<String> {
    let me = format!("P{}", event.actor);
    let to = event.to.map(|to| format!("P{to}"));
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
        Step::MemoryFile { .. } => itself("memfd_create: file for inputs".into()),
        Step::Forked { pid_in_page } => {
            let page = if *pid_in_page {
                " (the kernel writes the pid to the control page)"
            } else {
                ""
            };
            Some(format!("{me}->>{}: fork{page}", to?))
        }
        Step::Placed { fd } => note(format!("dup2 to {fd}")),
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
        Step::Stopped { name, .. } => note(format!("stopped by {name}")),
        Step::Continued => note("goes on".into()),
        Step::Ended { meaning, .. } => note(meaning.clone()),
        Step::Reaped { .. } => Some(format!("{}-->>{me}: wait", to?)),
        Step::Prepared { call } => note(clean(call)),
        Step::Coverage {
            edges, map_bytes, ..
        } => note(format!("{edges} of {map_bytes} counters are not zero")),
        Step::PipeCreated { pipe: None, .. } => None,
    }
    .filter(|_| recording.actors.get(event.actor).is_some())
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
