//! A pair that tracks the path to a router: the master's path is cut, and the backup takes over.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use crate::netns::address::AddressWatch;
use crate::netns::clock::{Stamp, wait_for};
use crate::netns::daemon::{Daemon, Make};
use crate::netns::lab::{Host, Lab};

/// Longer than any machine that is merely busy takes. On one that is not, it is 35 ms.
const AT_MOST: f64 = 0.5;

/// 10 ms × 3 between two hosts.
pub(super) fn session(name: &str, here: &Host, there: &Host) -> String {
    format!(
        "bfd_instance {name} {{\n    neighbor_ip {}\n    source_ip {}\n    min_rx 10\n    min_tx 10\n    multiplier \
         3\n}}\n",
        there.v4(),
        here.v4()
    )
}

pub(super) fn router(priority: u8) -> String {
    format!(
        "vrrp_instance VI_1 {{\n    interface eth0\n    version 3\n    virtual_router_id 51\n    priority {priority}\n    \
         advert_int 0.05\n    virtual_ipaddress {{\n        10.1.0.100/24\n    }}\n    track_bfd {{\n        path\n    \
         }}\n}}\n"
    )
}

pub(crate) fn play() {
    let mut lab = Lab::new();
    let [a, b, far] = ["eth0"; 3].map(|link| lab.host(link));
    let mut text = session("a", &far, &a);
    let _ = write!(text, "{}", session("b", &far, &b));
    let mut beyond = Daemon::new(&lab, &far, Make::Ours, "far", &text);
    let virtual_address: IpAddr = [10, 1, 0, 100].into();
    let pair = [(&a, 254), (&b, 250)].map(|(host, priority)| {
        let text = session("path", host, &far) + &router(priority);
        Daemon::new(&lab, host, Make::Ours, &host.v4().to_string(), &text)
    });
    let [mut first, mut second] = pair;
    beyond.start();
    let watch = AddressWatch::start(&b);
    first.start();
    second.start();
    let ready = || {
        let knows = |daemon: &Daemon| daemon.log().contains("Tracked BFD instance path is UP");
        let holds = a.holds(&[virtual_address]) == Some(true);
        (holds && knows(&first) && knows(&second)).then_some(())
    };
    let is_ready = wait_for(Duration::from_secs(10), ready);
    assert!(is_ready.is_some(), "the pair never settled:\n{}\n{}", first.log(), second.log());
    let settled = wait_for(Duration::from_secs(5), || b.holds(&[virtual_address]).map(|holds| !holds));
    assert_eq!(settled, Some(true), "two hold the address");

    let before = Stamp::now();
    lab.part(&[&a, &far], true);
    let after = Stamp::now();
    let taken = watch.wait(virtual_address, true, before, Duration::from_secs(5));
    let story = || format!("{}\n----\n{}", first.log(), second.log());
    let taken = taken.unwrap_or_else(|| panic!("the backup never took over:\n{}", story()));
    let (least, most) = (taken.since(after) * 1000.0, taken.since(before) * 1000.0);
    let _ = writeln!(
        std::io::stdout(),
        "bfd: 10 ms × 3: the backup has the address {least:.0} to {most:.0} ms after the master's path was cut"
    );
    assert!(taken.since(after) < AT_MOST, "{least:.1} ms:\n{}", story());
    let released =
        wait_for(Duration::from_secs(2), || (a.holds(&[virtual_address]) == Some(false)).then_some(()));
    assert!(released.is_some(), "the old master kept the address:\n{}", story());
}
