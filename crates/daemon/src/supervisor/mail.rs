//! Alerts by mail: kept in order until a relay has taken them. What speaks with relays is a process of its own, the
//! herald, which is there only while there is something to send.

use std::collections::BTreeMap;
use std::time::Duration;

use herald::bus::{FromHerald, ToHerald};
use herald::queue::Happening;
use herald::{Letter, Queue, Relay};
use host::{Instant, Severity};
use linux::process::Ended;
use linux::{Interest, clock};
use worker::notify::mail::Alert;

use super::seat::Seat;
use super::{HERALD_BUS, Supervisor};
use crate::Part;
use crate::status::MailStatus;

/// Most subjects of which is remembered what was mailed last. More than any configuration has, so it is reached only
/// over many reloads; then it begins anew, at the cost of a mail too many.
const MOST_REMEMBERED: usize = 16_384;

/// How soon a herald that could not be started is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Everything about mail.
#[derive(Debug, Default)]
pub(super) struct Mail {
    queue: Queue,
    seat: Seat<ToHerald, FromHerald>,
    /// What was mailed last about each, so that nothing is mailed twice: not after the state between was muted, and not
    /// by a worker that was started anew.
    last: BTreeMap<String, String>,
    /// The herald was told that nothing more comes.
    ending: bool,
    said: Vec<Happening>,
}

impl Mail {
    /// Whether this is the herald.
    pub(super) fn owns(&self, pid: u32) -> bool {
        self.seat.pid() == Some(pid)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let start = self.seat.restart_at().filter(|_| self.queue.waiting() > 0);
        self.queue.deadline().into_iter().chain(start).min()
    }

    pub(super) fn status(&self) -> MailStatus {
        let (sent, lost) = self.queue.counts();
        MailStatus { waiting: self.queue.waiting(), sent, lost }
    }

    /// Nothing is to be sent any more, and nobody is there who could. Asks the herald to end, if that is what is left.
    pub(super) fn is_over(&mut self) -> bool {
        if self.queue.waiting() == 0 && self.seat.pid().is_some() && !self.ending {
            self.ending = true;
            self.seat.say(&ToHerald::End);
        }
        self.queue.waiting() == 0 && self.seat.pid().is_none()
    }

    /// Whether it says something else than the mail before about the same.
    fn is_new(&mut self, about: &str, what: &str) -> bool {
        if self.last.len() >= MOST_REMEMBERED {
            self.last.clear();
        }
        self.last.insert(about.to_owned(), what.to_owned()).is_none_or(|before| before != what)
    }
}

impl Supervisor {
    /// Something is worth a mail, if mail is configured.
    pub(super) fn mail(&mut self, alert: Alert, now: Instant) {
        let config::effective::Mail { to, from, server, port, helo, timeout_seconds, no_faults } =
            &self.effective.daemon.mail;
        let Some(server) = server.as_ref().filter(|_| !to.is_empty()) else { return };
        let Alert { about, what, body, fault } = alert;
        // As keepalived: what is muted counts as if it had not been.
        if fault && *no_faults || !self.mail.is_new(&about, &format!("{what} {body}")) {
            return;
        }
        let relay = Relay {
            host: server.clone(),
            port: *port,
            greeting: helo.clone(),
            patience: Duration::from_secs((*timeout_seconds).into()),
        };
        let subject = format!("[{}] {about} - {what}", self.effective.daemon.router_id);
        let letter = Letter::new(relay, from, to, &clock::wall().local().mail_date(), &subject, &body);
        self.mail.queue.push(letter, now, &mut self.mail.said);
        self.advance_mail(now);
    }

    /// What is due by time.
    pub(super) fn expire_mail(&mut self, now: Instant) {
        if self.mail.queue.is_overdue(now) {
            self.mail.seat.kill();
            self.mail.queue.forsaken(now, &mut self.mail.said);
        }
        self.mail.seat.flush();
        self.advance_mail(now);
    }

    /// Hears what came of a letter.
    pub(super) fn listen_herald(&mut self, now: Instant) {
        while let Some(message) = self.mail.seat.hear() {
            match message {
                Ok(FromHerald::Tried(report)) => {
                    self.mail.queue.answered(report, now, &mut self.mail.said);
                }
                Err(why) => self.log(Severity::Error, &format!("The mail process makes no sense: {why}")),
            }
        }
        if self.mail.seat.is_deaf() {
            self.unwatch_herald();
        }
        self.advance_mail(now);
    }

    pub(super) fn bury_herald(&mut self, now: Instant) {
        self.listen_herald(now);
        self.unwatch_herald();
        let Some(death) = self.mail.seat.bury(now) else { return };
        if death.ended == Ended::Exited(0) {
            self.mail.queue.untouched();
        } else {
            if !self.mail.ending {
                self.log(Severity::Warning, &format!("Mail process({}) died: {:?}", death.pid, death.ended));
            }
            self.mail.queue.forsaken(now, &mut self.mail.said);
        }
        // The queue knows when the next is wanted.
        self.mail.seat.retire();
        self.advance_mail(now);
    }

    /// The stop: what waits is sent now or never.
    pub(super) fn hurry_mail(&mut self, now: Instant) {
        self.mail.queue.hurry();
        self.advance_mail(now);
    }

    /// The stop has waited long enough.
    pub(super) fn abandon_mail(&mut self) {
        self.mail.queue.give_up("the daemon stops", &mut self.mail.said);
        self.mail.ending = true;
        self.mail.seat.kill();
        self.tell_of_mail();
    }

    /// Hands the next letter over, to a herald that is started for it if there is none.
    fn advance_mail(&mut self, now: Instant) {
        let early = self.mail.seat.restart_at().is_some_and(|at| at > now);
        if self.mail.queue.is_due(now) && !early && !self.mail.seat.is_deaf() {
            if self.mail.seat.pid().is_none() {
                self.start_herald(now);
            }
            if self.mail.seat.pid().is_some()
                && let Some(letter) = self.mail.queue.hand_over(now)
            {
                self.mail.seat.say(&ToHerald::Deliver(letter));
            }
        }
        self.tell_of_mail();
    }

    fn start_herald(&mut self, now: Instant) {
        self.reserve.lend();
        let started = self.mail.seat.start(Part::Herald, false, &[], None, now);
        self.reserve.refill();
        match started {
            Ok(_) => {
                self.mail.ending = false;
                let watched =
                    self.mail.seat.line().map(|line| self.poll.watch(line, HERALD_BUS, Interest::Read));
                if let Some(Err(error)) = watched {
                    self.log(Severity::Error, &error.to_string());
                }
            }
            Err(error) => {
                self.log(Severity::Error, &format!("Unable to start the mail process: {error}"));
                self.mail.seat.retry_at(now + AGAIN);
            }
        }
    }

    fn unwatch_herald(&mut self) {
        if let Some(line) = self.mail.seat.line() {
            self.poll.unwatch(line);
        }
    }

    fn tell_of_mail(&mut self) {
        for happening in std::mem::take(&mut self.mail.said) {
            self.log(happening.severity(), &happening.to_string());
        }
    }
}
