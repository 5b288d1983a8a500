//! What a master makes of adverts that are wrong, of lesser ones and of better ones.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::netns::clock::{Stamp, sleep, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::forge::{Forger, Forgery};
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

fn alone(makes: (Make, Make), instance: Instance) -> Pair {
    Pair::new(makes, |_, _| (instance.clone(), instance.clone().at(90)))
}

pub(crate) fn v2(makes: (Make, Make)) -> Pair {
    alone(makes, Instance::v2(100))
}

pub(crate) fn v3(makes: (Make, Make)) -> Pair {
    alone(makes, Instance::v3(100, 400))
}

/// After a lesser one it announces its addresses twice, and twice more a second later.
fn terse() -> Instance {
    let instance = Instance::v3(100, 400).with("garp_lower_prio_repeat 2").with("garp_lower_prio_delay 1");
    instance.with("garp_master_delay 0")
}

pub(crate) fn v3_terse(makes: (Make, Make)) -> Pair {
    alone(makes, terse())
}

pub(crate) fn v3_silent(makes: (Make, Make)) -> Pair {
    alone(makes, terse().with("lower_prio_no_advert true"))
}

pub(crate) fn v3_polite(makes: (Make, Make)) -> Pair {
    alone(makes, Instance::v3(100, 400).with("higher_prio_send_advert true"))
}

pub(crate) fn skipping(makes: (Make, Make)) -> Pair {
    alone(makes, Instance::v2(100).with("skip_check_adv_addr"))
}

/// Of the master that was heard last the addresses are not compared: neither which nor how many they are.
///
/// vrrp-behaviour §3.
/// As observed: B3-12.
pub(crate) fn other_addresses(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    let began = pair.side_mut(Who::A).daemon.start();
    pair.side(Who::A).expect_log("Entering BACKUP STATE");
    // The sockets are made a moment after that is said.
    sleep(Duration::from_millis(300));
    let sound = Forgery::v2(200);
    forger.send(&sound);
    let another = Ipv4Addr::new(10, 1, 0, 102);
    let lists = [vec![], vec![another], vec![sound.addresses[0], another]];
    for addresses in lists.iter().cycle().take(6) {
        sleep(Duration::from_millis(800));
        forger.send(&Forgery { addresses: addresses.clone(), ..sound.clone() });
    }
    pair.silent(Who::A, began, Stamp::now());
    let log = pair.side(Who::A).daemon.log();
    for words in ["ip number count", "not present in MASTER advert"] {
        assert!(!log.contains(words), "{words}");
    }
}

/// Each is dropped and counted, and said once; the master goes on as if nothing had come.
///
/// As observed: B3-01, B3-02, B3-03, B3-04, B3-05, B3-06, B3-07, B3-09, B3-10.
pub(crate) fn wrong_ones(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    pair.start_alone(Who::A);
    let began = Stamp::now();
    let sound = Forgery::v2(200);
    let wrong = [
        ("packet_length", Forgery { missing: 4, ..sound.clone() }),
        ("ttl", Forgery { ttl: 254, ..sound.clone() }),
        // Of the size that its own version and count ask for.
        ("version", Forgery { version: 3, ..sound.clone() }),
        ("invalid_authentication_type", Forgery { middle: [3, 1], ..sound.clone() }),
        ("authentication_type_mismatch", Forgery { middle: [1, 1], ..sound.clone() }),
        ("interval", Forgery { middle: [0, 2], ..sound.clone() }),
        ("invalid_type", Forgery { kind: 2, ..sound.clone() }),
        ("checksum", Forgery { wrong_by: 1, ..sound.clone() }),
    ];
    for _ in 0..3 {
        for (_, forgery) in &wrong {
            forger.send(forgery);
        }
        sleep(Duration::from_millis(400));
    }
    let counters = pair.side(Who::A).daemon.status()["vrrp"]["instances"][0]["counters"].clone();
    for (name, _) in &wrong {
        assert_eq!(counters[name], 3, "{name}: {counters}");
    }
    assert_eq!(counters["adverts_received"], 0, "{counters}");
    let log = pair.side(Who::A).daemon.log();
    assert_eq!(log.matches("10.1.0.3").count(), wrong.len(), "each kind is said once:\n{log}");
    pair.steady(Who::A, began, 3.0);

    // Another list of addresses is counted, and the advert counts all the same.
    forger.send(&Forgery { addresses: sound.addresses[..1].to_vec(), ..sound });
    pair.steps_back(Who::A, began);
    let counters = pair.side(Who::A).daemon.status()["vrrp"]["instances"][0]["counters"].clone();
    assert_eq!(
        (&counters["address_list"], &counters["adverts_received"]),
        (&1.into(), &1.into()),
        "{counters}"
    );
    pair.side(Who::A).expect_log("ip number count 1, expected 2");
}

/// What is dropped restarts no timer: a backup that hears nothing else becomes master in its time.
///
/// vrrp-behaviour §3.
/// As observed: B3-11.
pub(crate) fn wrong_ones_keep_no_backup_waiting(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    let started = pair.side_mut(Who::A).daemon.start();
    let wait = pair.side(Who::A).instance.master_down();
    let wrong = Forgery { wrong_by: 1, ..Forgery::v3(200, 40) };
    while Stamp::now().since(started) < wait {
        forger.send(&wrong);
        sleep(Duration::from_millis(100));
    }
    pair.becomes_master(Who::A, started, wait, wait);
}

/// A lesser one is answered, and the addresses are announced again; its interval is said once to be another.
///
/// As observed: B3-08, B22.5-03.
pub(crate) fn lesser_ones(pair: &mut Pair) {
    let answered = hears_a_lesser_one(pair);
    assert!(answered, "A did not answer the lesser one");
    pair.side(Who::A).expect_log("with lower priority 50, ours 100, forcing new election");
    let log = pair.side(Who::A).daemon.log();
    assert_eq!(log.matches("advertisement interval mismatch").count(), 1, "{log}");
}

/// With `lower_prio_no_advert` it is answered by announcements alone.
///
/// As observed: B22.5-04.
pub(crate) fn lesser_ones_in_silence(pair: &mut Pair) {
    assert!(!hears_a_lesser_one(pair), "A answered the lesser one");
    let log = pair.side(Who::A).daemon.log();
    assert!(log.contains("with lower priority 50, ours 100\n"), "{log}");
}

/// Whether an advert comes out of turn after a lesser one, and after the next again. Announcements come in any case.
fn hears_a_lesser_one(pair: &mut Pair) -> bool {
    let forger = Forger::on(&pair.lab.host("eth0"));
    let elected = pair.start_alone(Who::A);
    let address = pair.side(Who::A).virtual_addresses()[0];
    let host = pair.side(Who::A).host.clone();
    let announced = || pair.wire.announcements(&host, address, elected, Stamp::now()).len();
    let first_round = wait_for(Duration::from_secs_f64(LATE), || (announced() == 5).then_some(()));
    assert!(first_round.is_some(), "A announces five times");
    // The second is of the same interval.
    let first = answers(pair, &forger, 2);
    let again = answers(pair, &forger, 1);
    assert_eq!(first, again, "A answered one of two");
    first
}

/// Whether A answers so many lesser ones that come at once by an advert. It announces its addresses twice, and twice after
/// the delay.
fn answers(pair: &Pair, forger: &Forger, times: usize) -> bool {
    let address = pair.side(Who::A).virtual_addresses()[0];
    let host = pair.side(Who::A).host.clone();
    let announced = |since: Stamp| pair.wire.announcements(&host, address, since, Stamp::now()).len();
    let turn = pair.next_advert(Who::A).at;
    sleep(Duration::from_millis(100));
    let heard = Stamp::now();
    (0..times).for_each(|_| forger.send(&Forgery::v3(50, 100)));
    let (late, second) = (Duration::from_secs_f64(LATE), heard.plus(Duration::from_millis(990)));
    let again = wait_for(late, || (announced(heard) >= 2).then_some(()));
    assert!(again.is_some(), "A announced its address {} times", announced(heard));
    let before_the_next_turn = turn.plus(Duration::from_millis(350));
    let sent = pair.wire.adverts(&host, heard, before_the_next_turn);
    pair.holds(Who::A);
    let rounds = wait_for(Duration::from_secs(1) + late, || (announced(heard) >= 4).then_some(()));
    assert!(rounds.is_some(), "A announced its address {} times after the delay", announced(heard));
    assert_eq!(pair.wire.announcements(&host, address, heard, second).len(), 2, "before the delay");
    sleep(Duration::from_millis(100));
    assert_eq!(announced(heard), 4, "two rounds of two");
    !sent.is_empty()
}

/// With `higher_prio_send_advert` a master that gives way sends one more advert.
///
/// As observed: B22.5-05.
pub(crate) fn better_ones(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    pair.start_alone(Who::A);
    pair.next_advert(Who::A);
    sleep(Duration::from_millis(100));
    let heard = Stamp::now();
    forger.send(&Forgery::v3(200, 40));
    pair.steps_back(Who::A, heard);
    let sent = pair.wire.adverts(&pair.side(Who::A).host, heard, Stamp::now());
    assert_eq!(sent.len(), 1, "one advert of A's own");
    assert_eq!(sent[0].advert().map(|advert| advert.priority), Some(100));
}

/// Some hundred adverts a second of a lesser router, and of one that gives up: the master's answers are few, and still
/// enough to keep its backup quiet.
pub(crate) fn floods_of_lesser_ones(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    pair.establish();
    let (host, address) = (pair.side(Who::A).host.clone(), pair.side(Who::A).virtual_addresses()[0]);
    // The announcements of becoming master, at once and five seconds later.
    sleep(Duration::from_secs(6));
    for (priority, most) in [(50, 6), (0, 20)] {
        let began = Stamp::now();
        for round in 1..=800 {
            forger.send(&Forgery::v2(priority));
            sleep_until(began.plus(Duration::from_millis(5) * round));
        }
        let ended = Stamp::now();
        let (sent, seconds) = (pair.wire.adverts(&host, began, ended).len(), ended.since(began));
        // Four seconds, if the machine is not busy; what is owed before a skew time of 0.6 s comes within half of it.
        let most = f64::from(most) * seconds / 4.0;
        assert!((sent as f64) <= most, "{sent} adverts for {priority} in {seconds:.1} s");
        let announced = pair.wire.announcements(&host, address, began, ended).len();
        // A round of five an interval, and those of five seconds ago.
        assert!((announced as f64) <= 10.0 * (seconds + 1.0), "{announced} announcements for {priority}");
        sleep(Duration::from_secs(1));
        pair.silent(Who::B, began, Stamp::now());
        assert_eq!(pair.side(Who::A).watch.losses(address, began), 0, "A lost {address}");
    }
}
