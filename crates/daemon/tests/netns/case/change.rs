//! What an operator changes under way: a reload, a broken one, a password.

use std::net::IpAddr;
use std::time::Duration;

use crate::netns::clock::{Stamp, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::packet::{Kind, Packet};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

/// An address that adverts do not carry, so that the two files may differ in it.
fn excluded(address: &str) -> String {
    format!("virtual_ipaddress_excluded {{\n        {address}/24\n    }}")
}

fn plain(priority: u8) -> Instance {
    Instance::v3(priority, 400)
}

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (plain(150).with(excluded("10.1.0.110")), plain(100)))
}

/// A reload is the difference of two files: an added address appears, a removed one goes, adverts go on. A lowered
/// priority then leads to an ordinary election.
///
/// As observed: B12-01, B12-02.
pub(crate) fn reload(pair: &mut Pair) {
    pair.establish();
    let (old, new): (IpAddr, IpAddr) = ([10, 1, 0, 110].into(), [10, 1, 0, 111].into());
    assert_eq!(pair.side(Who::A).host.holds(&[old]), Some(true), "A holds the excluded address too");

    let reloaded = pair.side_mut(Who::A).reload(plain(150).with(excluded("10.1.0.111")));
    let within = Duration::from_secs_f64(LATE);
    let added = pair.side(Who::A).watch.wait(new, true, reloaded, within);
    assert!(added.is_some(), "the added address never came");
    let removed = pair.side(Who::A).watch.wait(old, false, reloaded, within);
    assert!(removed.is_some(), "the removed address never went");
    let interval = pair.side(Who::A).instance.interval;
    sleep_until(reloaded.plus(interval * 4));
    let sent = pair.wire.adverts(&pair.side(Who::A).host, reloaded.minus(interval * 2), Stamp::now());
    let gap = sent.windows(2).map(|two| two[1].at.since(two[0].at)).fold(0.0, f64::max);
    assert!(gap < interval.as_secs_f64() + 0.3, "A sent no advert for {gap:.3} s");
    let begins_anew = |packet: &Packet| packet.frame.get(18..20) == Some(&[0, 1]);
    assert!(sent.iter().any(begins_anew), "identifications of IP count from 1 again");
    undisturbed(pair, reloaded);

    let reloaded = pair.side_mut(Who::A).reload(plain(90).with(excluded("10.1.0.111")));
    let within = interval + Duration::from_secs_f64(LATE);
    let lowered =
        pair.wire.wait_advert(&pair.side(Who::A).host, reloaded, within, |advert| advert.priority == 90);
    pair.takes_over(Who::B, lowered.expect("A advertises its new priority").at);
    pair.steps_back(Who::A, reloaded);
    pair.sole_holder(Who::B);
    let gone = wait_for(within, || (pair.side(Who::A).host.holds(&[new]) == Some(false)).then_some(()));
    assert!(gone.is_some(), "A kept an excluded address as backup");
}

/// Differs: keepalived takes what it understands of a broken file. Ours keeps what it had and says what is wrong.
pub(crate) fn reload_of_a_broken_file(pair: &mut Pair) {
    pair.establish();
    let reloaded = pair.side_mut(Who::A).daemon.reload("vrrp_instance VI_1 {\n    virtual_ruoter_id 52\n");
    pair.side(Who::A).expect_log("virtual_ruoter_id");
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, reloaded, wait + 0.5);
    undisturbed(pair, reloaded);
}

/// A was master all the while, and holds what it held.
fn undisturbed(pair: &Pair, since: Stamp) {
    pair.silent(Who::B, since, Stamp::now());
    pair.never_said_goodbye(Who::A, since);
    pair.sole_holder(Who::A);
    for address in pair.side(Who::A).virtual_addresses() {
        assert_eq!(pair.side(Who::A).watch.losses(address, since), 0, "A let go of {address}");
    }
}

fn single(priority: u8) -> Instance {
    Instance { addresses: vec!["10.1.0.100/32".into(), "10.1.0.101/32".into()], ..plain(priority) }
}

pub(crate) fn movable(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (single(150), single(100)))
}

/// A master that is given a link of its own by a reload, and then loses it again, stays master: it speaks on by its base
/// until the link is there. Keepalived takes the virtual router for another one, which is elected anew.
pub(crate) fn own_link_by_reload(pair: &mut Pair) {
    pair.establish();
    let interval = pair.side(Who::A).instance.interval;
    let base = [2, 0, 0, 0, 0, 1];
    for (instance, mac) in [(single(150).with("use_vmac"), [0, 0, 0x5e, 0, 1, 51]), (single(150), base)] {
        let reloaded = pair.side_mut(Who::A).reload(instance);
        sleep_until(reloaded.plus(interval * 8));
        let sent = pair.wire.adverts(&pair.side(Who::A).host, reloaded.minus(interval * 2), Stamp::now());
        let gap = sent.windows(2).map(|two| two[1].at.since(two[0].at)).fold(0.0, f64::max);
        assert!(gap < interval.as_secs_f64() + 0.15, "A sent no advert for {gap:.3} s");
        assert_eq!(sent.last().map(|packet| &packet.frame[6..12]), Some(&mac[..]), "where A speaks from");
        pair.silent(Who::B, reloaded, Stamp::now());
        pair.never_said_goodbye(Who::A, reloaded);
        pair.sole_holder(Who::A);
        let within = Duration::from_secs_f64(LATE);
        for address in pair.side(Who::A).virtual_addresses() {
            let announced = pair.wire.wait(&pair.side(Who::A).host, reloaded, within, |one| {
                one.kind == Kind::Announcement(address) && one.frame[6..12] == mac
            });
            assert!(announced.is_some(), "A never announced where {address} is now");
        }
    }
}

fn pass(priority: u8, password: &str) -> Instance {
    let block = format!("authentication {{\n        auth_type PASS\n        auth_pass {password}\n    }}");
    Instance::v2(priority).with(block)
}

pub(crate) fn strangers(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (pass(150, "right"), pass(100, "wrong")))
}

/// RFC 2338 §7.1: an advert that does not authenticate is discarded. So both lead, until the password is put right.
pub(crate) fn wrong_password(pair: &mut Pair) {
    both_lead_until(pair, pass(100, "right"));
}

/// B, whom A does not believe, is set right by a reload.
pub(super) fn both_lead_until(pair: &mut Pair, right: Instance) {
    pair.start_alone(Who::A);
    pair.start_alone(Who::B);
    pair.holds(Who::A);
    let both = Stamp::now();
    sleep_until(both.plus(Duration::from_secs(3)));
    for who in [Who::A, Who::B] {
        pair.holds(who);
        pair.never_said_goodbye(who, both);
        for address in pair.side(who).virtual_addresses() {
            assert_eq!(pair.side(who).watch.losses(address, both), 0, "{who:?} let go of {address}");
        }
    }

    let reloaded = pair.side_mut(Who::B).reload(right);
    pair.steps_back(Who::B, reloaded);
    pair.sole_holder(Who::A);
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);
}
