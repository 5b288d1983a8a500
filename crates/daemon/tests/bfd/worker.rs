//! The worker that speaks BFD dies while a master tracks its path: the master does not notice.

use std::net::IpAddr;
use std::time::Duration;

use super::failover::{router, session};
use crate::netns::address::AddressWatch;
use crate::netns::capture::Capture;
use crate::netns::clock::{Stamp, sleep, wait_for};
use crate::netns::daemon::{Daemon, Make};
use crate::netns::lab::Lab;

/// Four times the interval of the adverts: three may be late on a busy machine without any being lost.
const LONGEST_GAP: f64 = 0.2;

pub(crate) fn play() {
    let mut lab = Lab::new();
    let [here, far] = ["eth0"; 2].map(|link| lab.host(link));
    let mut beyond = Daemon::new(&lab, &far, Make::Ours, "far", &session("here", &far, &here));
    let text = session("path", &here, &far) + &router(254);
    let mut master = Daemon::new(&lab, &here, Make::Ours, "master", &text);
    let address: IpAddr = [10, 1, 0, 100].into();
    beyond.start();
    master.start();
    let is_up = |master: &Daemon| master.status()["bfd"]["sessions"][0]["state"] == "Up";
    let ready = || (here.holds(&[address]) == Some(true) && is_up(&master)).then_some(());
    assert!(wait_for(Duration::from_secs(10), ready).is_some(), "it never settled:\n{}", master.log());

    let (watch, wire) = (AddressWatch::start(&here), Capture::start(&lab, &[&here]));
    let began = Stamp::now();
    for _ in 0..2 {
        let before = master.bfd_worker();
        master.kill_bfd_worker();
        let again = || {
            let successor = master.bfd_worker().filter(|worker| Some(*worker) != before);
            (successor.is_some() && is_up(&master)).then_some(())
        };
        let again = wait_for(Duration::from_secs(15), again);
        assert!(again.is_some(), "the session never came back:\n{}", master.log());
        sleep(Duration::from_millis(500));
    }
    let adverts = wire.adverts(&here, began, Stamp::now());
    let gaps = adverts.windows(2).map(|pair| pair[1].at.since(pair[0].at));
    let longest = gaps.fold(0.0, f64::max);
    assert!(
        longest < LONGEST_GAP,
        "an advert was late: {longest:.3} s after the one before\n{}",
        master.log()
    );
    assert_eq!(watch.losses(address, began), 0, "{address} was away:\n{}", master.log());
    assert!(!master.log().contains("is DOWN"), "what it said last stays in force:\n{}", master.log());
}
