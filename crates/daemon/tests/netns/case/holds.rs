//! What a master holds besides the addresses that it advertises: excluded addresses, routes and policy rules.

use std::net::IpAddr;
use std::time::Duration;

use crate::netns::clock::wait_for;
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::packet::{Kind, Packet};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

const EXCLUDED: [&str; 2] = ["10.1.0.110", "2001:db8:1::110"];

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |a, b| {
        let instance = |priority, link: &str| {
            let [four, six] = EXCLUDED;
            Instance::v3(priority, 400)
                .with(format!("virtual_ipaddress_excluded {{\n        {four}/24\n        {six}/64\n    }}"))
                .with(format!(
                    "virtual_routes {{\n        198.51.100.0/24 via 10.1.0.9 dev {link} metric 17\n        \
                     blackhole 203.0.113.0/24\n        2001:db8:9::/64 dev {link}\n    }}"
                ))
                .with(
                    "virtual_rules {\n        from 10.1.0.100/32 table 100 priority 1000\n        \
                     to 198.51.100.0/24 table 100 priority 1001\n    }",
                )
        };
        (instance(150, &a.link), instance(100, &b.link))
    })
}

/// All of it moves with mastership: by election, by an orderly stop, and back.
///
/// As observed: B7-02.
pub(crate) fn life(pair: &mut Pair) {
    pair.establish();
    all_with(pair, Who::A);
    let advert = pair.next_advert(Who::A);
    let carried = &advert.advert().expect("it is one").addresses;
    assert!(!carried.contains(&excluded()[0]), "an excluded address is advertised");

    in_rounds(pair);

    let asked = pair.side_mut(Who::A).daemon.terminate();
    let skew = pair.side(Who::B).instance.skew();
    pair.becomes_master(Who::B, asked, 0.0, 1.0 + skew);
    pair.side_mut(Who::A).daemon.wait();
    all_with(pair, Who::B);

    let started = pair.side_mut(Who::A).daemon.start();
    let wait = pair.side(Who::A).instance.master_down();
    pair.becomes_master(Who::A, started, wait, wait);
    pair.steps_back(Who::B, started);
    all_with(pair, Who::A);
}

/// Each round announces the advertised addresses, then the excluded ones; five rounds follow one another.
fn in_rounds(pair: &Pair) {
    let side = pair.side(Who::A);
    let announced = |packet: &Packet| match packet.kind {
        Kind::Announcement(address) => Some(address).filter(IpAddr::is_ipv4),
        Kind::Advert(_) | Kind::Other => None,
    };
    let order: Vec<IpAddr> = pair
        .wire
        .all(&side.host, |packet| announced(packet).is_some())
        .iter()
        .filter_map(announced)
        .collect();
    let [four, _] = excluded();
    let round: Vec<IpAddr> = side.virtual_addresses().into_iter().chain([four]).collect();
    assert_eq!(order.get(..15), Some(&round.repeat(5)[..]), "{order:?}");
}

fn excluded() -> [IpAddr; 2] {
    EXCLUDED.map(|text| text.parse().expect("it is an address"))
}

/// `who` has everything, the other nothing.
pub(crate) fn all_with(pair: &Pair, who: Who) {
    pair.sole_holder(who);
    for (who, wanted) in [(who, 7), (who.other(), 0)] {
        let mut held = 0;
        let settled = wait_for(Duration::from_secs_f64(LATE), || {
            held = count(pair, who);
            (held == wanted).then_some(())
        });
        assert!(settled.is_some(), "{who:?} holds {held} things, should hold {wanted}");
    }
}

/// Excluded addresses, routes and rules that a node has.
fn count(pair: &Pair, who: Who) -> usize {
    let host = &pair.side(who).host;
    let held = host.addresses();
    let addresses = excluded().iter().filter(|address| held.contains(address)).count();
    let list = |words: &[&str]| host.namespace.ip_json(words).as_array().cloned().unwrap_or_default();
    let routes: usize = ["198.51.100.0/24", "203.0.113.0/24", "2001:db8:9::/64"]
        .iter()
        .map(|destination| {
            let family = if destination.contains(':') { "-6" } else { "-4" };
            list(&[family, "route", "show", destination]).len()
        })
        .sum();
    let is_ours = |rule: &&serde_json::Value| matches!(rule["priority"].as_u64(), Some(1000 | 1001));
    addresses + routes + list(&["rule", "show"]).iter().filter(is_ours).count()
}
