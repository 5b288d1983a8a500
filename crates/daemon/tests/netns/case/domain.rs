//! Virtual routers in a virtual routing domain (VRF).

use std::time::Duration;

use crate::netns::clock::{Stamp, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::Host;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

use super::vmac;

const MAKE: &str = "link add v0 type vrf table 1001\nlink set v0 up";

/// Puts a host's link into a domain of its own.
fn enslave(host: &Host) {
    host.namespace.ip(&format!("{MAKE}\nlink set {} master v0", host.link));
    // The kernel took the IPv6 addresses away.
    host.namespace.ip(&host.own_addresses().replace("addr add", "addr replace"));
}

fn inside(pair: Pair) -> Pair {
    for who in [Who::A, Who::B] {
        enslave(&pair.side(who).host);
    }
    pair
}

fn instance(priority: u8) -> Instance {
    Instance::v3(priority, 400).with("garp_master_delay 1")
}

pub(crate) fn multicast(makes: (Make, Make)) -> Pair {
    inside(Pair::new(makes, |_, _| (instance(150), instance(100))))
}

pub(crate) fn unicast(makes: (Make, Make)) -> Pair {
    inside(Pair::new(makes, |a, b| (instance(150).unicast(a, b), instance(100).unicast(b, a))))
}

pub(crate) fn with_vmac(makes: (Make, Make)) -> Pair {
    inside(vmac::over_ipv4(makes))
}

/// A link of the virtual router's own is in the domain of its base.
///
/// vrrp-behaviour §20.
/// As observed: B15-01, B20-01.
pub(crate) fn life_with_vmac(pair: &mut Pair) {
    vmac::life(pair);
    assert_eq!(domain(&pair.side(Who::B).host, vmac::LINK), "v0");
}

pub(crate) fn outside(makes: (Make, Make)) -> Pair {
    let pair = vmac::over_ipv4(makes);
    pair.side(Who::A).host.namespace.ip(MAKE);
    pair
}

/// The master's link is put into a domain, and taken out of it: each time its router begins anew, with its own link.
///
/// vrrp-behaviour §20.
/// As observed: B20-01.
pub(crate) fn comes_and_goes(pair: &mut Pair) {
    pair.establish();
    let link = pair.side(Who::A).host.link.clone();
    let within = Duration::from_secs_f64(LATE);
    for (order, wanted) in [("master v0", "v0"), ("nomaster", "")] {
        let faults = |pair: &Pair| pair.side(Who::A).daemon.log().matches("Entering FAULT STATE").count();
        let before = faults(pair);
        pair.side(Who::A).host.namespace.ip(&format!("link set {link} {order}"));
        let fell = wait_for(within, || (faults(pair) > before).then(Stamp::now));
        let fell = fell.expect("the kernel takes the link down and up");
        let followed =
            wait_for(within, || (domain(&pair.side(Who::A).host, vmac::LINK) == wanted).then_some(()));
        assert!(followed.is_some(), "the VMAC should be in {wanted:?}");
        let wait = pair.side(Who::A).instance.master_down();
        let back = pair.becomes_master(Who::A, fell, wait / 2.0, 2.0 * wait);
        pair.steps_back(Who::B, back);
        pair.sole_holder(Who::A);
    }
}

fn domain(host: &Host, link: &str) -> String {
    let shown = host.namespace.ip_json(&["link", "show", "dev", link]);
    shown[0]["master"].as_str().unwrap_or_default().to_owned()
}
