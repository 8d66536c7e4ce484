//! Watching the instances until all have ended.

use super::{
    CampaignError,
    ended::{Ended, EndedMember},
    member::{Event, Member},
    plan::Planned,
    sentences::{Sentences, Verdict},
    sum,
};
use crate::{
    cli::FuzzArgs,
    environment::Variables,
    processes::ending_signals,
    report::{figures::Figures, summary::Ending},
    ui::Status,
};
use nix::sys::signal::Signal;
use signal_hook::flag;
use std::{
    io,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// How often the processes are looked at.
const TICK: Duration = Duration::from_millis(100);

/// How often their statistics are read: they are written every five seconds.
const READ: Duration = Duration::from_secs(1);

/// A second signal that comes sooner belongs to the first one.
const GRACE: Duration = Duration::from_millis(500);

/// So long the main instance waits for the others to end, so that it has what they
/// found last.
const MAIN_WAITS: Duration = Duration::from_secs(1);

/// What has not ended so long after it was told to is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// An instance that has not ended so long after its time hangs, if another one has.
const OVERTIME: Duration = Duration::from_secs(2);

/// How long what was said last may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Lines that wait to be told. Whoever says more waits, too.
const WAITING_LINES: usize = 256;

/// Starts the instances and watches them until all have ended.
///
/// # Errors
/// When one cannot be started; the others are ended then.
pub(super) fn run(
    args: &FuzzArgs,
    plan: Vec<Planned>,
    variables: &Variables,
) -> Result<Ended, CampaignError> {
    let mut campaign = Campaign::start(args, plan, variables)?;
    while campaign.members.iter().any(Member::runs) {
        campaign.listen();
        campaign.look();
        campaign.see_to_end();
        campaign.show();
    }
    campaign.hear_last_words();
    Ok(campaign.end())
}

struct Campaign<'a> {
    args: &'a FuzzArgs,
    members: Vec<Member>,
    events: Receiver<Event>,
    /// How many instances say something still.
    speakers: usize,
    said: Sentences,
    status: Status,
    began: Instant,
    next_read: Instant,
    figures: Vec<Figures>,
    signal: Arc<AtomicUsize>,
    impatient: Arc<AtomicBool>,
    /// Why, and since when, the instances are told to end.
    stop: Option<(Ending, Instant)>,
    is_main_told: bool,
    /// A last exchange takes as long as it takes.
    is_patient: bool,
}

impl<'a> Campaign<'a> {
    fn start(
        args: &'a FuzzArgs,
        plan: Vec<Planned>,
        variables: &Variables,
    ) -> Result<Self, CampaignError> {
        let (signal, impatient) = listen_for_signals().map_err(CampaignError::Signals)?;
        let (sender, events) = mpsc::sync_channel(WAITING_LINES);
        let now = Instant::now();
        let mut campaign = Self {
            args,
            members: Vec::new(),
            events,
            speakers: plan.len(),
            said: Sentences::new(),
            status: Status::new(args.no_ui, variables),
            began: now,
            next_read: now,
            figures: Vec::new(),
            signal,
            impatient,
            stop: None,
            is_main_told: false,
            is_patient: variables.is_set("AFL_FINAL_SYNC"),
        };
        for (index, planned) in plan.into_iter().enumerate() {
            let name = planned.name.clone();
            let member = Member::start(planned, &args.output, index, sender.clone());
            let member = member.map_err(|source| CampaignError::Start { name, source })?;
            campaign.members.push(member);
        }
        Ok(campaign)
    }

    /// Passes on what the instances say, until the next tick.
    fn listen(&mut self) {
        let end = Instant::now() + TICK;
        loop {
            match self.events.recv_timeout(end - Instant::now().min(end)) {
                Ok(Event::Said(index, line)) => self.pass_on(index, &line),
                Ok(Event::Silent) => self.speakers -= 1,
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(end - Instant::now().min(end));
                    return;
                }
            }
            if Instant::now() >= end {
                return;
            }
        }
    }

    /// What all say is told once, and of each kind only so much.
    fn pass_on(&mut self, index: usize, line: &str) {
        let own = line.strip_prefix("tine: ");
        let sentence = own.unwrap_or(line);
        if sentence.is_empty() {
            return;
        }
        let verdict = self.said.judge(sentence, own.is_none());
        if verdict == Verdict::Dropped {
            return;
        }
        let name = &self.members[index].name;
        self.status.note(format_args!("{name}: {sentence}"));
        if verdict == Verdict::Last {
            let what = if own.is_some() {
                "more sentences like this one"
            } else {
                "more of what targets and mutators write"
            };
            self.status.note(format_args!("{what} are not told"));
        }
    }

    /// Sees who has ended.
    fn look(&mut self) {
        for index in 0..self.members.len() {
            let Some(status) = self.members[index].look() else {
                continue;
            };
            if !status.success() && self.stop.is_none() {
                // It says why first.
                self.hear_one();
                self.tell_loss(index, status);
            }
            if self.args.until_crash && self.members[index].figures().saved_crashes > 0 {
                self.stop_all(Ending::Crash);
            }
        }
        if self.is_overtime() {
            self.stop_all(Ending::Time);
        }
        match self.signal.load(Relaxed) {
            0 => {}
            number => self.stop_all(Ending::Signal(number as i32)),
        }
    }

    fn hear_one(&mut self) {
        let end = Instant::now() + TICK;
        while let Ok(event) = self
            .events
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            match event {
                Event::Said(index, line) => self.pass_on(index, &line),
                Event::Silent => {
                    self.speakers -= 1;
                    return;
                }
            }
        }
    }

    fn tell_loss(&mut self, index: usize, status: ExitStatus) {
        use std::os::unix::process::ExitStatusExt;
        let name = &self.members[index].name;
        let how = match status.signal() {
            Some(signal) => format!("was ended by signal {signal} from outside"),
            None => "ended with an error".into(),
        };
        let rest = self.members.iter().filter(|member| member.runs()).count();
        let others = if rest > 0 { "; the others go on" } else { "" };
        self.status.note(format_args!("{name} {how}{others}"));
    }

    /// Tells all to end, the main one last.
    fn stop_all(&mut self, ending: Ending) {
        if self.stop.is_some() {
            return;
        }
        self.stop = Some((ending, Instant::now()));
        for member in self.members.iter().filter(|member| !member.is_main) {
            member.signal(Signal::SIGTERM);
        }
    }

    fn see_to_end(&mut self) {
        let Some((_, since)) = self.stop else {
            return;
        };
        let waited = since.elapsed();
        if waited >= GRACE {
            self.impatient.store(true, Relaxed);
        }
        let are_others_gone = !self.members.iter().any(|it| !it.is_main && it.runs());
        if !self.is_main_told && (are_others_gone || waited >= MAIN_WAITS) {
            self.is_main_told = true;
            for member in &self.members {
                member.signal(Signal::SIGTERM);
            }
        }
        // A last exchange that is asked for by name takes its time.
        if waited >= PATIENCE && !self.is_patient {
            for index in 0..self.members.len() {
                self.kill(index);
            }
        }
    }

    /// Kills an instance that runs still, and says so.
    fn kill(&mut self, index: usize) {
        let member = &mut self.members[index];
        if member.runs() && !member.is_killed {
            member.is_killed = true;
            member.signal(Signal::SIGKILL);
            let name = &member.name;
            let seconds = PATIENCE.as_secs();
            self.status.note(format_args!(
                "{name} does not end and is killed, {seconds} s after it was told to"
            ));
        }
    }

    fn show(&mut self) {
        let now = Instant::now();
        if now >= self.next_read {
            self.next_read = now + READ;
            self.figures = self
                .members
                .iter_mut()
                .map(|member| member.figures().clone())
                .collect();
        }
        if self.status.is_due(now) {
            let running = self.members.iter().filter(|member| member.runs()).count();
            let sum = sum::of(&self.figures, self.began.elapsed());
            self.status.show_campaign(running, &sum, now);
        }
    }

    /// What was said last may be on its way still.
    fn hear_last_words(&mut self) {
        let end = Instant::now() + LAST_WORDS;
        while self.speakers > 0 && Instant::now() < end {
            self.listen();
        }
        self.status.clear();
    }

    fn end(mut self) -> Ended {
        let figures: Vec<Figures> = self
            .members
            .iter_mut()
            .map(|member| member.figures().clone())
            .collect();
        let sum = sum::of(&figures, self.began.elapsed());
        let is_any_well = self.members.iter().any(Member::is_well);
        let ending = match self.stop {
            Some((ending, _)) => Some(ending),
            None if !is_any_well => None,
            None if self.is_time_over() => Some(Ending::Time),
            None => self.args.executions.map(|_| Ending::Runs),
        };
        let members = self.members.iter().zip(figures);
        Ended {
            ending,
            sum,
            members: members
                .map(|(member, figures)| EndedMember {
                    name: member.name.clone(),
                    folder: member.folder.clone(),
                    is_well: member.is_well(),
                    figures,
                })
                .collect(),
        }
    }

    fn is_time_over(&self) -> bool {
        let limit = self.args.seconds.map(Duration::from_secs);
        limit.is_some_and(|limit| self.began.elapsed() >= limit)
    }

    /// Whether an instance that runs still should have ended, as another one has: it may
    /// be in a mutator of the user's that does not return.
    fn is_overtime(&self) -> bool {
        let limit = self.args.seconds.map(Duration::from_secs);
        limit.is_some_and(|limit| self.began.elapsed() >= limit.saturating_add(OVERTIME))
            && self.members.iter().any(Member::is_well)
            && !self.is_patient
    }
}

/// The first signal asks for an end; a second one, unless it comes along with the
/// first, ends this process at once, and the instances with it.
fn listen_for_signals() -> io::Result<(Arc<AtomicUsize>, Arc<AtomicBool>)> {
    let (asked, impatient) = (Arc::default(), Arc::default());
    for signal in ending_signals() {
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&impatient))?;
        flag::register_usize(signal, Arc::clone(&asked), signal as usize)?;
    }
    Ok((asked, impatient))
}
