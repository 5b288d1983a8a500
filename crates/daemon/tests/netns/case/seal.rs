//! Authentication headers and signatures, beyond one life.

use std::time::Duration;

use super::change;
use crate::netns::clock::{Stamp, sleep_until};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};

fn header(priority: u8, password: &str) -> Instance {
    let block = format!("authentication {{\n        auth_type AH\n        auth_pass {password}\n    }}");
    Instance::v2(priority).with(block)
}

pub(crate) fn strangers(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (header(150, "right"), header(100, "wrong")))
}

/// RFC 2402 §3.4.4: "If the computed and received ICVs do not match, ... the receiver MUST discard the received IP
/// datagram". So both lead, until the password is put right.
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

/// The number of the key of A's latest advert.
fn signing(pair: &Pair) -> u8 {
    let packet = pair.next_advert(Who::A);
    packet.frame[packet.frame.len() - 27]
}
