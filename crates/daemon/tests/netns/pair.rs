//! Two daemons on one switch, and what may be expected of them.
//!
//! Every expectation waits for what it names and fails with a sentence; bounds come from the protocol
//! ([`super::timing`]).

use std::net::IpAddr;
use std::time::Duration;

use super::address::AddressWatch;
use super::capture::Capture;
use super::clock::{Stamp, wait_for};
use super::daemon::{Daemon, Make};
use super::instance::Instance;
use super::lab::{Host, Lab};
use super::packet::Packet;
use super::timing::{EARLY, LATE};

/// Which of the two: A is the one that should be master.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    A,
    B,
}

impl Who {
    /// The other one.
    pub(crate) fn other(self) -> Who {
        match self {
            Who::A => Who::B,
            Who::B => Who::A,
        }
    }
}

/// One of the two.
pub(crate) struct Side {
    /// Its machine.
    pub(crate) host: Host,
    /// What runs on it.
    pub(crate) daemon: Daemon,
    /// Its addresses.
    pub(crate) watch: AddressWatch,
    /// What it is configured to do.
    pub(crate) instance: Instance,
}

/// A pair under test.
pub(crate) struct Pair {
    a: Side,
    b: Side,
    /// Everything on the wire.
    pub(crate) wire: Capture,
    /// The switch.
    pub(crate) lab: Lab,
}

impl Pair {
    /// Two hosts with a daemon each, not yet running. `configure` is told the hosts, A's first.
    pub(crate) fn new(makes: (Make, Make), configure: impl Fn(&Host, &Host) -> (Instance, Instance)) -> Pair {
        Pair::on(Lab::new(), makes, |_, a, b| configure(a, b))
    }

    /// The same on a given switch, which `configure` may extend.
    pub(crate) fn on(
        mut lab: Lab,
        makes: (Make, Make),
        configure: impl Fn(&Lab, &Host, &Host) -> (Instance, Instance),
    ) -> Pair {
        let (host_a, host_b) = (lab.host("eth0"), lab.host("ens33"));
        let (a, b) = configure(&lab, &host_a, &host_b);
        let wire = Capture::start(&lab, &[&host_a, &host_b]);
        let a = Side::new(&lab, host_a, makes.0, "a", a);
        let b = Side::new(&lab, host_b, makes.1, "b", b);
        Pair { a, b, wire, lab }
    }

    /// One of the two.
    pub(crate) fn side(&self, who: Who) -> &Side {
        match who {
            Who::A => &self.a,
            Who::B => &self.b,
        }
    }

    /// One of the two, to act on.
    pub(crate) fn side_mut(&mut self, who: Who) -> &mut Side {
        match who {
            Who::A => &mut self.a,
            Who::B => &mut self.b,
        }
    }

    /// Starts A, which becomes master, then B, which stays backup. Gives A's first advert's time.
    pub(crate) fn establish(&mut self) -> Stamp {
        let master_since = self.start_alone(Who::A);
        self.start_backup(Who::B);
        self.sole_holder(Who::A);
        master_since
    }

    /// Starts one with nobody else there: it becomes master when its time has run, not before.
    pub(crate) fn start_alone(&mut self, who: Who) -> Stamp {
        let started = self.side_mut(who).daemon.start();
        let master_down = self.side(who).instance.master_down();
        let earliest = if self.side(who).instance.priority == 255 { 0.0 } else { master_down };
        self.becomes_master(who, started, earliest, master_down)
    }

    /// Starts one beside a master: it is backup once it says so and has heard the master.
    pub(crate) fn start_backup(&mut self, who: Who) {
        self.side_mut(who).daemon.start();
        self.side(who).expect_log("Entering BACKUP STATE");
        self.next_advert(who.other());
    }

    /// The first advert from `who` at or after `since` comes between `earliest` and `latest` seconds after it, and
    /// then it holds all addresses. Gives that advert's time.
    pub(crate) fn becomes_master(&self, who: Who, since: Stamp, earliest: f64, latest: f64) -> Stamp {
        let side = self.side(who);
        let within = Duration::from_secs_f64(latest + LATE);
        let first = self.wire.wait_advert(&side.host, since, within, |advert| advert.priority > 0);
        let first = first.unwrap_or_else(|| panic!("{who:?} was not master within {latest:.3} s"));
        let after = first.at.since(since);
        assert!(after >= earliest - EARLY, "{who:?} was master after {after:.4} s, expected {earliest:.4} s");
        self.holds(who);
        first.at
    }

    /// `to` becomes master its master-down time after the last advert that the other sent before `event`, which is the
    /// last that counted.
    pub(crate) fn takes_over(&self, to: Who, event: Stamp) -> Stamp {
        let (taker, other) = (self.side(to), self.side(to.other()));
        let wait = taker.instance.master_down();
        let before = self.wire.adverts(&other.host, Stamp::now().minus(AGES), event);
        let heard = before.iter().rev().find(|packet| priority(packet) > 0).expect("the other was master").at;
        let first = self.becomes_master(to, event, 0.0, wait);
        let gap = first.since(heard);
        assert!(
            gap >= wait - EARLY,
            "{to:?} took over {gap:.4} s after the last advert, expected {wait:.4} s"
        );
        assert!(
            gap <= wait + LATE,
            "{to:?} took over only {gap:.4} s after the last advert, expected {wait:.4} s"
        );
        first
    }

    /// Lets the two hear one another no more, while each keeps its link. Gives the moment after.
    pub(crate) fn part(&self) -> Stamp {
        // Just after an advert of the master, so that it is known which one the backup heard last.
        self.next_advert(Who::A);
        self.lab.part(&[&self.a.host, &self.b.host], true);
        Stamp::now()
    }

    /// Lets them hear one another again. Gives the moment before.
    pub(crate) fn heal(&self) -> Stamp {
        let before = Stamp::now();
        self.lab.part(&[&self.a.host, &self.b.host], false);
        before
    }

    /// `who` comes to hold every address.
    pub(crate) fn holds(&self, who: Who) {
        let side = self.side(who);
        let wanted = side.virtual_addresses();
        let held = wait_for(Duration::from_secs_f64(LATE), || {
            (side.host.holds(&wanted) == Some(true)).then_some(())
        });
        assert!(held.is_some(), "{who:?} should hold {wanted:?}, holds {:?}", side.host.addresses());
    }

    /// `who` comes to hold no virtual address.
    pub(crate) fn holds_nothing(&self, who: Who) {
        let side = self.side(who);
        let given = side.virtual_addresses();
        let gone = wait_for(Duration::from_secs_f64(LATE), || {
            (side.host.holds(&given) == Some(false)).then_some(())
        });
        assert!(gone.is_some(), "{who:?} should hold none of {given:?}, holds {:?}", side.host.addresses());
    }

    /// `who` comes to hold every address and the other none.
    pub(crate) fn sole_holder(&self, who: Who) {
        self.holds(who);
        self.holds_nothing(who.other());
    }

    /// For so many seconds from `since` `who` alone sends adverts, at its interval, and nobody gains or loses an
    /// address.
    pub(crate) fn steady(&self, who: Who, since: Stamp, seconds: f64) {
        let until = since.plus(Duration::from_secs_f64(seconds));
        super::clock::sleep_until(until);
        let (master, backup) = (self.side(who), self.side(who.other()));
        let interval = master.instance.interval.as_secs_f64();
        let adverts = self.wire.adverts(&master.host, since, until);
        let [first, .., last] = adverts.as_slice() else { panic!("{who:?} hardly sends adverts") };
        let mean = last.at.since(first.at) / (adverts.len() - 1) as f64;
        // Where there are few, it matters how late the first was.
        let late = 0.1 / (adverts.len() - 1) as f64;
        assert!(
            mean >= interval * 0.98 - late,
            "{who:?} sends an advert every {mean:.4} s, configured {interval} s"
        );
        assert!(mean <= interval * 1.25 + 0.1, "{who:?} sends an advert only every {mean:.4} s");
        self.silent(who.other(), since, until);
        for address in master.virtual_addresses() {
            assert_eq!(master.watch.losses(address, since), 0, "{who:?} lost {address} meanwhile");
        }
        assert_eq!(
            backup.host.holds(&backup.virtual_addresses()),
            Some(false),
            "the backup holds an address"
        );
    }

    /// `who` sent no advert in `[since, until)`.
    pub(crate) fn silent(&self, who: Who, since: Stamp, until: Stamp) {
        let sent = self.wire.adverts(&self.side(who).host, since, until);
        assert!(
            sent.is_empty(),
            "{who:?} should be silent, sent {} adverts, the first with priority {}",
            sent.len(),
            priority(&sent[0])
        );
    }

    /// `who` stops sending adverts, without a goodbye (priority 0), and gives the addresses up.
    pub(crate) fn steps_back(&self, who: Who, since: Stamp) {
        self.holds_nothing(who);
        self.never_said_goodbye(who, since);
    }

    /// `who` sent no advert with priority 0 since then.
    pub(crate) fn never_said_goodbye(&self, who: Who, since: Stamp) {
        let sent = self.wire.adverts(&self.side(who).host, since, Stamp::now());
        assert!(sent.iter().all(|packet| priority(packet) > 0), "{who:?} said goodbye");
    }

    /// The next advert of a master.
    pub(crate) fn next_advert(&self, who: Who) -> Packet {
        let side = self.side(who);
        let within = side.instance.interval + Duration::from_secs_f64(LATE);
        let next = self.wire.wait_advert(&side.host, Stamp::now(), within, |_| true);
        next.unwrap_or_else(|| panic!("{who:?} sends no adverts"))
    }

    /// What happened, for a trial that failed.
    pub(crate) fn story(&self) -> String {
        let mut story = format!("on the wire:\n{}", self.wire.story());
        for side in [&self.a, &self.b] {
            let make = side.daemon.make();
            story.push_str(&format!("log of {} ({make}):\n{}", side.host.port, side.daemon.log()));
        }
        story
    }
}

/// Longer than any trial.
const AGES: Duration = Duration::from_secs(3600);

fn priority(packet: &Packet) -> u8 {
    packet.advert().map_or(0, |advert| advert.priority)
}

impl Side {
    fn new(lab: &Lab, host: Host, make: Make, name: &str, instance: Instance) -> Side {
        let daemon = Daemon::new(lab, &host, make, name, &instance.render(&host));
        let watch = AddressWatch::start(&host);
        Side { host, daemon, watch, instance }
    }

    /// Its virtual addresses.
    pub(crate) fn virtual_addresses(&self) -> Vec<IpAddr> {
        self.instance.virtual_addresses()
    }

    /// Reloads it with another configuration.
    pub(crate) fn reload(&mut self, instance: Instance) -> Stamp {
        let text = instance.render(&self.host);
        self.instance = instance;
        self.daemon.reload(&text)
    }

    /// Its log comes to hold these words.
    pub(crate) fn expect_log(&self, words: &str) {
        let within = Duration::from_secs_f64(2.0 + LATE);
        let said = wait_for(within, || self.daemon.log().contains(words).then_some(()));
        assert!(said.is_some(), "{} never logged “{words}”", self.daemon.make());
    }
}
