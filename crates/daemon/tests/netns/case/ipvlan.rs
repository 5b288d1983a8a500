//! A virtual router that speaks by an ipvlan of its own.

use std::net::IpAddr;
use std::time::Duration;

use crate::netns::clock::Stamp;
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::packet::{Kind, Packet};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

const LINK: &str = "ipv0";

pub(crate) fn over_ipv4(makes: (Make, Make)) -> Pair {
    let instance =
        |priority, own: &str| Instance::v3(priority, 400).with(format!("use_ipvlan {LINK} {own} private"));
    Pair::new(makes, |_, _| (instance(150, "10.1.0.51/24"), instance(100, "10.1.0.52/24")))
}

/// It speaks from the link-local address that the kernel gives it.
pub(crate) fn over_ipv6(makes: (Make, Make)) -> Pair {
    let instance = |priority| Instance::v3(priority, 400).over_ipv6().with(format!("use_ipvlan {LINK}"));
    Pair::new(makes, |_, _| (instance(150), instance(100)))
}

/// Adverts come from the ipvlan's address and its base's hardware address, and the virtual addresses are on the base.
///
/// vrrp-behaviour §19.
/// As observed: B19-01.
pub(crate) fn life(pair: &mut Pair) {
    let began = pair.side_mut(Who::A).daemon.start();
    pair.side(Who::A).expect_log("Entering MASTER STATE");
    pair.start_backup(Who::B);
    pair.sole_holder(Who::A);
    speaks_by_ipvlan(pair, Who::A, began);
    let died = pair.side_mut(Who::A).daemon.power_off();
    pair.side(Who::A).host.forget(&pair.side(Who::A).virtual_addresses());
    pair.takes_over(Who::B, died);
    speaks_by_ipvlan(pair, Who::B, died);
    let asked = pair.side_mut(Who::B).daemon.terminate();
    pair.side_mut(Who::B).daemon.wait();
    pair.holds_nothing(Who::B);
    let within = Duration::from_secs_f64(LATE);
    assert!(
        pair.wire
            .wait_advert(&pair.side(Who::B).host, asked, within, |advert| advert.priority == 0)
            .is_some()
    );
    assert_eq!(
        pair.side(Who::B).host.namespace.ip_json(&["link", "show", "type", "ipvlan"]),
        serde_json::json!([])
    );
}

fn speaks_by_ipvlan(pair: &Pair, who: Who, since: Stamp) {
    let (side, within) = (pair.side(who), Duration::from_secs_f64(LATE));
    let shown = |link: &str| side.host.namespace.ip_json(&["-d", "addr", "show", "dev", link])[0].clone();
    let on = |link: &str| -> Vec<IpAddr> {
        let listed = shown(link)["addr_info"].clone();
        let listed = listed.as_array().into_iter().flatten();
        listed.filter_map(|one| one["local"].as_str()?.parse().ok()).collect()
    };
    let advert = pair.wire.wait_advert(&side.host, since, within, |_| true).expect("a master sends adverts");
    let hardware = advert.frame[6..12].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":");
    assert_eq!(shown(&side.host.link)["address"], hardware.as_str(), "{who:?}");
    let source = advert.advert().expect("it is one").source;
    assert!(
        on(LINK).contains(&source) && !on(&side.host.link).contains(&source),
        "{who:?} speaks from {source}"
    );
    for address in side.virtual_addresses() {
        assert!(on(&side.host.link).contains(&address), "{address}: {}", shown(LINK));
        let announced = |one: &Packet| one.kind == Kind::Announcement(address);
        assert!(pair.wire.wait(&side.host, since, within, announced).is_some(), "{who:?}: {address}");
    }
}
