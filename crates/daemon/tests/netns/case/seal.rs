//! Authentication headers and signatures, beyond one life.

use std::time::Duration;

use super::change;
use crate::netns::clock::{Stamp, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::forge::{Forger, Forgery};
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};
use crate::netns::seal;
use crate::netns::timing::LATE;

fn header(priority: u8, password: &str) -> Instance {
    let block = format!("authentication {{\n        auth_type AH\n        auth_pass {password}\n    }}");
    Instance::v2(priority).with(block)
}

pub(crate) fn strangers(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (header(150, "right"), header(100, "wrong")))
}

/// RFC 2402 §3.4.4: "If the computed and received ICVs do not match, ... the receiver MUST discard the received IP
/// datagram". So both lead, until the password is put right.
///
/// vrrp-behaviour §1.4.
/// As observed: B1.4-01.
pub(crate) fn wrong_password(pair: &mut Pair) {
    change::both_lead_until(pair, header(100, "right"));
}

/// With these keys, of which the first signs.
fn signed(priority: u8, keys: &[u8]) -> Instance {
    let mut block = "auth_hmac {\n".to_owned();
    for key in keys {
        block += &format!("        key {key} {key:032}\n");
    }
    block += &format!("        active_key {}\n    }}", keys[0]);
    Instance::v3(priority, 200).with(block)
}

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (signed(150, &[1]), signed(100, &[1])))
}

/// Every node learns the new key, then every node signs with it, then every node forgets the old one; and meanwhile
/// nothing happens.
///
/// vrrp-behaviour §1.5.
/// As observed: B1.5-01.
pub(crate) fn new_keys_by_reloads(pair: &mut Pair) {
    let since = pair.establish();
    let interval = pair.side(Who::A).instance.interval;
    for (who, keys) in [
        (Who::B, [1, 2].as_slice()),
        (Who::A, &[1, 2]),
        (Who::B, &[2, 1]),
        (Who::A, &[2, 1]),
        (Who::B, &[2]),
        (Who::A, &[2]),
    ] {
        let priority = pair.side(who).instance.priority;
        let reloaded = pair.side_mut(who).reload(signed(priority, keys));
        sleep_until(reloaded.plus(interval * 5));
        if who == Who::A {
            assert_eq!(signing(pair), keys[0], "A signs with the key that its file names");
        }
    }
    let now = Stamp::now();
    let adverts = pair.wire.adverts(&pair.side(Who::A).host, since, now);
    let gap = adverts.windows(2).map(|two| two[1].at.since(two[0].at)).fold(0.0, f64::max);
    assert!(gap < interval.as_secs_f64() + 0.3, "A sent no advert for {gap:.3} s");
    pair.silent(Who::B, since, now);
    pair.never_said_goodbye(Who::A, since);
    for who in [Who::A, Who::B] {
        assert!(!pair.side(who).daemon.log().contains("signature"), "{who:?} complained of a signature");
    }
    // And with other keys nobody believes anybody.
    let reloaded = pair.side_mut(Who::B).reload(signed(100, &[3]));
    pair.side(Who::B).expect_log("received a signature from 10.1.0.1 by unknown key 2");
    pair.becomes_master(Who::B, reloaded, 0.0, pair.side(Who::B).instance.master_down() + 1.0);
    pair.holds(Who::A);
    pair.side_mut(Who::B).reload(signed(100, &[2]));
    pair.sole_holder(Who::A);
    pair.steady(Who::A, Stamp::now().plus(Duration::from_millis(100)), 1.0);
}

const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// In this mode, with one key.
fn in_mode(mode: &str) -> Instance {
    let block = format!(
        "auth_hmac {{\n        key 1 0123456789abcdef0123456789abcdef\n        active_key 1\n{mode}    }}"
    );
    Instance::v3(150, 400).with(block)
}

pub(crate) fn alone(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (in_mode(""), in_mode("")))
}

/// Each is dropped and counted by what is found wrong with it first; what was right once is not believed again. In the
/// other modes what is not signed counts, and `receive-only` signs nothing.
///
/// vrrp-behaviour §1.5.
/// As observed: B1.5-02, B1.5-03.
pub(crate) fn wrong_ones(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    pair.start_alone(Who::A);
    let began = Stamp::now();
    let now = u32::try_from(began.unix_seconds()).expect("before 2106");
    let sound = Forgery::v3(200, 40);
    let signed = |head: [u8; 12], turned| Forgery { signed: Some((head, SECRET, turned)), ..sound.clone() };
    let lesser = Forgery { priority: 50, ..signed(seal::head(1, now, 1), 0) };
    forger.send(&lesser);
    let [mut of_another_type, mut reserved] = [seal::head(9, now - 1000, 1); 2];
    (of_another_type[0], reserved[3]) = (2, 1);
    // Each has what is looked for later wrong too.
    for (name, forgery) in [
        ("missing", sound.clone()),
        ("malformed", signed(of_another_type, 1)),
        ("malformed", signed(reserved, 1)),
        ("stale", signed(seal::head(9, now - 1000, 1), 1)),
        ("stale", signed(seal::head(1, now + 1000, 1), 0)),
        ("unknown_key", signed(seal::head(9, now, 2), 1)),
        ("wrong", signed(seal::head(1, now, 1), 1)),
        ("replayed", signed(seal::head(1, now, 1), 0)),
        ("replayed", signed(seal::head(1, now - 1, 9), 0)),
    ] {
        let before = signatures(pair)[name].as_u64().expect("a counter");
        forger.send(&forgery);
        let counted =
            wait_for(Duration::from_secs_f64(LATE), || (signatures(pair)[name] == before + 1).then_some(()));
        assert!(counted.is_some(), "{name} is not counted: {}", signatures(pair));
    }
    pair.steady(Who::A, began, 2.0);
    let signed_ones = |pair: &Pair| pair.next_advert(Who::A).frame.len() == 34 + 16 + 28;
    assert!(signed_ones(pair));

    pair.side_mut(Who::A).reload(in_mode("        mode permissive\n"));
    pair.side(Who::A).expect_log("Reload complete");
    let reloaded = Stamp::now();
    forger.send(&signed(seal::head(9, now, 3), 0));
    sleep_until(reloaded.plus(Duration::from_millis(500)));
    assert!(signed_ones(pair), "a wrong signature is worse than none");
    forger.send(&sound);
    pair.steps_back(Who::A, reloaded);

    let reloaded = pair.side_mut(Who::A).reload(in_mode("        mode receive-only\n"));
    let wait = pair.side(Who::A).instance.master_down();
    pair.becomes_master(Who::A, reloaded, 0.0, wait + 1.0);
    assert!(!signed_ones(pair));
    forger.send(&sound);
    pair.steps_back(Who::A, reloaded);
}

fn signatures(pair: &Pair) -> serde_json::Value {
    pair.side(Who::A).daemon.status()["vrrp"]["instances"][0]["counters"]["signatures"].clone()
}

/// The number of the key of A's latest advert.
fn signing(pair: &Pair) -> u8 {
    let packet = pair.next_advert(Who::A);
    packet.frame[packet.frame.len() - 27]
}
