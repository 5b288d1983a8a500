//! One life of a pair, for every version, family and way of speaking: election, adverts, announcements, a power-off,
//! the return.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::netns::clock::{Stamp, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::{Instance, VRID};
use crate::netns::packet::Advert;
use crate::netns::pair::{Pair, Side, Who};
use crate::netns::timing::LATE;

/// Second round of announcements, sooner than by default so that the case need not wait for it.
const ROUND: &str = "garp_master_delay 1";
const PASS: &str = "authentication {\n        auth_type PASS\n        auth_pass 1111\n    }";
const AH: &str = "authentication {\n        auth_type AH\n        auth_pass 1111\n    }";
const SIGNED: &str =
    "auth_hmac {\n        key 1 0123456789abcdef0123456789abcdef\n        active_key 1\n    }";

/// Each case's way of making a pair from its instance.
fn pair(makes: (Make, Make), instance: fn(u8) -> Instance, unicast: bool) -> Pair {
    Pair::new(makes, |a, b| {
        let (for_a, for_b) = (instance(150).with(ROUND), instance(100).with(ROUND));
        if unicast { (for_a.unicast(a, b), for_b.unicast(b, a)) } else { (for_a, for_b) }
    })
}

pub(crate) fn v2_pass(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v2(priority).with(PASS), false)
}

pub(crate) fn v2_header(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v2(priority).with(AH), false)
}

pub(crate) fn unicast_v2_header(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v2(priority).with(AH), true)
}

pub(crate) fn v3_signed(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v3(priority, 200).with(SIGNED), false)
}

pub(crate) fn unicast_v3_ipv6_signed(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v3(priority, 300).over_ipv6().with(SIGNED), true)
}

pub(crate) fn v3_ipv4(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v3(priority, 200), false)
}

pub(crate) fn v3_ipv6(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v3(priority, 300).over_ipv6(), false)
}

pub(crate) fn unicast_v2_ipv4(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v2(priority).with(PASS), true)
}

/// The manual forbids it; keepalived 2.2.7 does it.
///
/// vrrp-behaviour §6.
/// As observed: B6-02.
pub(crate) fn strict_unicast(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v3(priority, 400).with("strict_mode").with("accept"), true)
}

/// As keepalived: version 2 over IPv6 is in no standard, but works when asked for.
pub(crate) fn unicast_v2_ipv6(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v2(priority).over_ipv6(), true)
}

pub(crate) fn unicast_v3_ipv4(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v3(priority, 300), true)
}

pub(crate) fn unicast_v3_ipv6(makes: (Make, Make)) -> Pair {
    pair(makes, |priority| Instance::v3(priority, 300).over_ipv6(), true)
}

/// Ours name no interface, which the distribution's keepalived refuses ("Unknown interface!") and 2.4.3 takes.
fn anywhere(makes: (Make, Make), instance: fn(u8) -> Instance) -> Pair {
    Pair::new(makes, |a, b| {
        let side = |make, priority| {
            let instance = instance(priority).with(ROUND);
            if make == Make::Ours { instance.anywhere() } else { instance }
        };
        (side(makes.0, 150).unicast(a, b), side(makes.1, 100).unicast(b, a))
    })
}

pub(crate) fn anywhere_ipv4(makes: (Make, Make)) -> Pair {
    anywhere(makes, |priority| Instance::v3(priority, 300))
}

pub(crate) fn anywhere_ipv6(makes: (Make, Make)) -> Pair {
    anywhere(makes, |priority| Instance::v3(priority, 300).over_ipv6())
}

/// Election, steady state, power-off of the master, its return.
///
/// As observed: B4.1-01.
pub(crate) fn life(pair: &mut Pair) {
    let elected = pair.establish();
    speaks_as_configured(pair, Who::A, elected);
    announces(pair, Who::A, elected);
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);

    let died = pair.side_mut(Who::A).daemon.power_off();
    pair.side(Who::A).host.forget(&pair.side(Who::A).virtual_addresses());
    let taken = pair.takes_over(Who::B, died);
    speaks_as_configured(pair, Who::B, taken);
    announces(pair, Who::B, taken);

    // RFC 3768 §6.4.2, RFC 9568 §6.4.2: a backup with a higher priority discards the adverts of a lower one, so its
    // master-down time runs from its start.
    let started = pair.side_mut(Who::A).daemon.start();
    let wait = pair.side(Who::A).instance.master_down();
    let back = pair.becomes_master(Who::A, started, wait, wait);
    pair.steps_back(Who::B, back);
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);
}

/// The first adverts of a master carry what its file says, and go where it says.
///
/// R9568-7.2-08: "Send the VRRP packet to the VRRP IPvX multicast group"
/// R9568-5.1.1.2-02: "The IPv4 multicast address as assigned by the IANA for VRRP is: 224.0.0.18"
/// R9568-5.1.2.2-02: "The IPv6 multicast address assigned by the IANA for VRRP is: ff02:0:0:0:0:0:0:12"
/// R9568-5.1.2.3-01: "The Hop Limit MUST be set to 255."
fn speaks_as_configured(pair: &Pair, who: Who, since: Stamp) {
    let (side, peer) = (pair.side(who), pair.side(who.other()));
    let unicast = side.instance.lines.iter().any(|line| line.starts_with("unicast_peer"));
    let ipv4 = side.virtual_addresses().iter().all(IpAddr::is_ipv4);
    let advert = pair.wire.wait_advert(&side.host, since, Duration::from_secs_f64(LATE), |_| true);
    let advert = advert.as_ref().and_then(|packet| packet.advert()).expect("a master sends adverts");
    let expected = Advert {
        source: if ipv4 {
            side.host.v4().into()
        } else if unicast {
            side.host.v6().into()
        } else {
            side.host.link_local().into()
        },
        destination: match (unicast, ipv4) {
            (true, true) => peer.host.v4().into(),
            (true, false) => peer.host.v6().into(),
            (false, true) => Ipv4Addr::new(224, 0, 0, 18).into(),
            (false, false) => Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12).into(),
        },
        // Unicast over IPv6 leaves with the kernel's hop limit unless `unicast_ttl` says otherwise.
        hop_limit: if unicast && !ipv4 { advert.hop_limit } else { 255 },
        version: side.instance.version,
        vrid: VRID,
        priority: side.instance.priority,
        interval: side.instance.interval,
        authentication: authentication(side, ipv4),
        addresses: side.virtual_addresses(),
    };
    assert_eq!(*advert, expected, "{who:?}'s advert");
}

/// Version 2: type and data. Over IPv6 there is no room for data.
fn authentication(side: &Side, ipv4: bool) -> Option<(u8, Vec<u8>)> {
    if side.instance.version != 2 {
        return None;
    }
    if !ipv4 {
        return Some((0, Vec::new()));
    }
    if side.instance.lines.iter().any(|line| line == AH) {
        // As keepalived: the field stays, empty.
        return Some((2, vec![0; 8]));
    }
    Some((1, b"1111\0\0\0\0".to_vec()))
}

/// RFC 9568 §6.4.2: on becoming master a gratuitous ARP or an unsolicited neighbour advertisement for each address,
/// after the advert. As keepalived: five of each, and five again after `garp_master_delay`.
///
/// As observed: B7-01.
fn announces(pair: &Pair, who: Who, since: Stamp) {
    let side = pair.side(who);
    let delay = Duration::from_secs(1);
    for address in side.virtual_addresses() {
        let count = |from: Stamp, to: Stamp| pair.wire.announcements(&side.host, address, from, to).len();
        // Both rounds count from the decision, and a busy machine sends the first advert later than it decides: the
        // second may come sooner after that advert than its delay. It is another round if it comes some time after.
        let second = since.plus(delay / 2);
        let within = delay + Duration::from_secs_f64(LATE);
        let all = wait_for(within, || (count(since, Stamp::now()) >= 10).then_some(()));
        assert!(
            all.is_some(),
            "{who:?} announced {address} {} times, expected 10",
            count(since, Stamp::now())
        );
        assert_eq!(count(since, second), 5, "{who:?} announced {address} before the second round");
        assert_eq!(
            count(since.minus(delay), since),
            0,
            "{who:?} announced {address} before its first advert"
        );
    }
}
