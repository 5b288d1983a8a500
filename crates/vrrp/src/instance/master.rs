//! Master: advertises, announces, and gives way to a better one (RFC 9568 §6.4.3).

use core::time::Duration;

use host::{Instant, LinkIndex};

use super::owners::Conflict;
use super::said::{PACE, REMIND};
use super::{Countdown, Instance, Next, Said, Stage, Turn};
use crate::announce::{Round, Rounds};
use crate::config::{InstanceConfig, Priority, Version};
use crate::election::{self, Candidate, Verdict};
use crate::links::Links;
use crate::notice::{Heard, InstanceFact};
use crate::timing;
use crate::wire::Advert;

/// Least time between two repetitions of the scripts of becoming master. They may be slow, and a rival that stays
/// would pile them up.
const HOOKS_REST: core::time::Duration = core::time::Duration::from_secs(10);

/// Least time between two rounds of announcements because of rivals: at short intervals a rival that stays would bring
/// about hundreds of packets a second.
const HEALING_REST: core::time::Duration = core::time::Duration::from_secs(1);

/// What is true of a master only.
#[derive(Debug)]
pub(super) struct Master {
    /// When the next advert is due.
    pub(super) next_advert: Instant,
    /// Announcements before it.
    pub(super) rounds: Rounds,
    /// Until then adverts are not answered at once again.
    answered_until: Instant,
    /// One was not. The next advert answers it too.
    owes_answer: bool,
    /// Until then rivals bring no more announcements.
    healed_until: Instant,
    /// When the scripts of becoming master are to run once more, and when they may.
    hooks: (Option<Instant>, Instant),
    /// Another owner of the addresses was heard.
    pub(super) conflict: Option<Conflict>,
}

impl Master {
    /// One that becomes master now and sends its first advert now.
    pub(super) fn new(config: &InstanceConfig, now: Instant) -> Self {
        Self {
            next_advert: now + config.interval,
            rounds: Rounds::on_becoming_master(&config.announce, now),
            answered_until: now,
            owes_answer: false,
            healed_until: now,
            hooks: (None, now),
            conflict: None,
        }
    }

    /// When it has something to do.
    pub(super) fn next_deadline(&self, announces: bool) -> Instant {
        let conflict = self.conflict.as_ref().map(Conflict::judged_at);
        let round = self.rounds.next_deadline().filter(|_| announces);
        let rest = [round, self.hooks.0, conflict];
        rest.into_iter().flatten().fold(self.next_advert, Instant::min)
    }
}

impl Instance {
    /// Does what is due of a master.
    pub(super) fn wake_master(&mut self, turn: &mut Turn<'_>) {
        self.judge_owners(turn);
        let Stage::Master(master) = &mut self.stage else { return };
        let hooks = master.hooks.0.take_if(|at| *at <= turn.now).is_some();
        if hooks {
            master.hooks.1 = turn.now + HOOKS_REST;
        }
        let due = master.next_advert <= turn.now;
        if due {
            self.advertise(turn);
        }
        if hooks {
            self.say(InstanceFact::HooksRepeated { priority: self.priority }, turn);
        }
    }

    /// Sends the advert that is due.
    fn advertise(&mut self, turn: &mut Turn<'_>) {
        self.advert(self.priority, turn);
        let interval = self.config.interval;
        if let Stage::Master(master) = &mut self.stage {
            master.next_advert = timing::next_advert(master.next_advert, turn.now, interval);
            if core::mem::take(&mut master.owes_answer) {
                master.answered_until = turn.now + interval;
            }
        }
    }

    /// Whether an advert may be answered at once: once an interval, so that a flood makes no other.
    fn may_answer(&mut self, now: Instant) -> bool {
        let Stage::Master(master) = &mut self.stage else { return false };
        let may = master.answered_until <= now;
        if may {
            master.answered_until = now + self.config.interval;
        }
        master.owes_answer |= !may;
        may
    }

    /// Whether it is master since then.
    pub(crate) fn became_master_at(&self, then: Instant) -> bool {
        self.is_master() && self.since == then
    }

    /// One that became master now sends its second advert so much earlier than after a whole interval.
    pub(crate) fn advance(&mut self, earlier: Duration, now: Instant) {
        if let Stage::Master(master) = &mut self.stage {
            master.next_advert = now + self.config.interval.saturating_sub(earlier);
        }
    }

    /// Sends an advert out of turn, and counts the interval from it.
    fn answer(&mut self, turn: &mut Turn<'_>) {
        self.advert(self.priority, turn);
        if let Stage::Master(master) = &mut self.stage {
            master.next_advert = turn.now + self.config.interval;
        }
    }

    /// Another gives up. RFC 9568 §6.4.3: "If the Priority in the ADVERTISEMENT is zero, then: Send an ADVERTISEMENT".
    ///
    /// Differs: at once only once an interval. Every backup that heard it takes over after its skew time, so the next
    /// advert comes before that: no backup's is shorter than ours, nor than that of the greatest priority but the
    /// owner's.
    fn hear_release(&mut self, turn: &mut Turn<'_>) {
        if self.may_answer(turn.now) {
            return self.answer(turn);
        }
        let fastest = self.priority.min(Priority(Priority::OWNER.0 - 1));
        let skew = timing::skew(self.config.version, fastest, self.config.interval);
        if let Stage::Master(master) = &mut self.stage {
            master.next_advert = master.next_advert.min(turn.now + skew / 2);
        }
    }

    /// RFC 9568 §6.4.3 for an advert that was accepted.
    pub(super) fn hear_as_master(
        &mut self,
        theirs: Candidate,
        advert: &Advert,
        turn: &mut Turn<'_>,
    ) -> Option<Next> {
        let ours = Candidate { priority: self.priority, address: self.source? };
        let both_own = ours.priority.is_owner() && theirs.priority.is_owner();
        if both_own && self.first_time(Said::OwnAddress) {
            self.say(InstanceFact::Heard { from: theirs.address, what: Heard::TwoOwners }, turn);
        }
        let from = theirs.address;
        match election::judge(ours, theirs) {
            Verdict::OtherGivesUp => {
                if let Some(more) = self.may_say(Said::Release, self.config.interval.max(PACE), turn.now) {
                    self.say(InstanceFact::ReleaseHeard { as_master: true, more }, turn);
                }
                self.hear_release(turn);
                self.heal(turn);
                return None;
            }
            Verdict::YieldToPriority => {
                let what = Heard::HigherPriority { theirs: theirs.priority, ours: ours.priority };
                self.say(InstanceFact::Heard { from, what }, turn);
            }
            Verdict::YieldToAddress => {
                let what = Heard::HigherAddress { priority: ours.priority };
                self.say(InstanceFact::Heard { from, what }, turn);
            }
            Verdict::Stay => {
                if both_own {
                    self.mind_owner(advert.interval, turn.now);
                }
                self.hear_lesser(ours, theirs, turn);
                return None;
            }
            Verdict::OurOwnAddress => {
                if self.first_time(Said::OwnAddress) {
                    self.say(InstanceFact::Heard { from, what: Heard::OwnAddress }, turn);
                }
                return None;
            }
        }
        if self.config.higher_priority_send_advert {
            self.advert(self.priority, turn);
        }
        self.rival = Some(theirs);
        let interval =
            if self.config.version == Version::V3 { advert.interval } else { self.config.interval };
        Some(Next::Backup { interval, countdown: Countdown::Down(turn.now) })
    }

    /// A lesser router believes that it is master. RFC 9568 §6.4.3: "Send an ADVERTISEMENT immediately to assert the
    /// {Active} state"; RFC 5798 discarded its advert. As keepalived: the addresses are announced again too, since
    /// somebody may have followed it.
    ///
    /// Differs: at most once an interval, where Keepalived answers every packet with six (a flood of a hundred adverts
    /// a second makes it send nine hundred).
    fn hear_lesser(&mut self, ours: Candidate, theirs: Candidate, turn: &mut Turn<'_>) {
        let answered = !self.config.lower_priority_no_advert;
        if let Some(more) = self.may_say(Said::Lesser, self.config.interval.max(PACE), turn.now) {
            let what = Heard::LowerPriority { theirs: theirs.priority, ours: ours.priority, answered, more };
            self.say(InstanceFact::Heard { from: theirs.address, what }, turn);
        }
        if answered && self.may_answer(turn.now) {
            self.answer(turn);
        }
        self.heal(turn);
    }

    /// It stays master although it heard a rival: those who may have followed the rival are called back, once an
    /// interval and at most once a second. Not for its own address, which may be its own advert that a network sends back.
    fn heal(&mut self, turn: &mut Turn<'_>) {
        self.heal_with_group(turn.now);
        self.rival_heard = true;
    }

    /// A member of its sync group, or itself, heard a rival and stays.
    pub(crate) fn heal_with_group(&mut self, now: Instant) {
        let Stage::Master(master) = &mut self.stage else { return };
        if now < master.healed_until {
            return;
        }
        master.healed_until = now + self.config.interval.max(HEALING_REST);
        master.rounds.on_rival_heard(&self.config.announce, now);
        if self.config.heal_hooks {
            let (next, rested) = &mut master.hooks;
            *next = Some(next.unwrap_or(now.max(*rested)));
        }
    }

    /// A link came up. Whether a master announces its addresses for that: what it said of those on this link while that
    /// was down, and perhaps of its taking over, nobody heard.
    ///
    /// Differs: Keepalived, with `dont_track_primary`, leaves neighbours with what they knew until the next refresh.
    pub(crate) fn link_came_up(&mut self, link: LinkIndex, links: &Links, now: Instant) -> bool {
        let concerned = self.is_master() && self.addresses(links).any(|address| address.link == link);
        if let (true, Stage::Master(master)) = (concerned, &mut self.stage) {
            master.rounds.on_link_up(&self.config.announce, now);
        }
        concerned
    }

    /// Takes a round of announcements that is due.
    pub(crate) fn due_round(&mut self, now: Instant) -> Option<Round> {
        let Stage::Master(master) = &mut self.stage else { return None };
        let round = master.rounds.due(&self.config.announce, now)?;
        self.tells_rounds = match round {
            Round::Healing(_) => self.may_say(Said::Healing, REMIND, now).is_some(),
            Round::Addresses(_) | Round::Elsewhere => true,
        };
        Some(round)
    }

    /// Whether people are told of the announcements of the round that was taken last.
    pub(crate) fn tells_rounds(&self) -> bool {
        self.tells_rounds
    }

    /// Whether it heard a rival and stayed since this was last asked.
    pub(crate) fn take_rival_heard(&mut self) -> bool {
        core::mem::take(&mut self.rival_heard)
    }
}
