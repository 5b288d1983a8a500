//! A master whose own addresses go one after the other.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::netns::clock::{Stamp, sleep_until};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

/// A's second address.
const NEXT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 9));

/// A has two addresses of one net, of which the second becomes the first when that goes.
pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |a, _| {
        a.namespace.sysctl("ipv4/conf/all/promote_secondaries", "1");
        a.namespace.ip(&format!("addr add {NEXT}/24 dev {}", a.link));
        (Instance::v3(150, 400), Instance::v3(100, 400))
    })
}

/// Adverts go on from the next address as if nothing had been, and nobody else becomes master. When the last address goes
/// another one does; when there is one again A waits its whole time.
///
/// vrrp-behaviour §22.4.
/// As observed: B22.4-01.
pub(crate) fn goes_and_comes(pair: &mut Pair) {
    pair.establish();
    let a = pair.side(Who::A).host.clone();
    let (own, interval) = (IpAddr::from(a.v4()), pair.side(Who::A).instance.interval);
    let first = pair.next_advert(Who::A);
    assert_eq!(first.advert().map(|advert| advert.source), Some(own));

    let gone = Stamp::now();
    a.namespace.ip(&format!("addr del {own}/24 dev {}", a.link));
    sleep_until(gone.plus(interval * 6));
    let sent = pair.wire.adverts(&a, gone.minus(interval * 2), Stamp::now());
    let gap = sent.windows(2).map(|two| two[1].at.since(two[0].at)).fold(0.0, f64::max);
    assert!(gap < interval.as_secs_f64() + 0.3, "A sent no advert for {gap:.3} s");
    let last = sent.last().and_then(|packet| packet.advert()).expect("A sends adverts");
    assert_eq!(last.source, NEXT);
    pair.steady(Who::A, gone, 3.0);
    pair.never_said_goodbye(Who::A, gone);
    assert!(!pair.side(Who::A).daemon.log().contains("FAULT"), "a fault though there is another address");

    let gone = Stamp::now();
    a.namespace.ip(&format!("addr flush dev {} scope global", a.link));
    pair.side(Who::A).expect_log("Entering FAULT STATE");
    pair.becomes_master(Who::B, gone, 0.0, pair.side(Who::B).instance.master_down());
    pair.sole_holder(Who::B);

    let back = Stamp::now();
    a.namespace.ip(&format!("addr add {NEXT}/24 dev {}", a.link));
    let wait = pair.side(Who::A).instance.master_down();
    let first = pair.becomes_master(Who::A, back, wait, wait);
    let sent = pair.wire.wait_advert(&a, first, Duration::from_secs_f64(LATE), |_| true);
    let source = sent.as_ref().and_then(|packet| packet.advert()).map(|advert| advert.source);
    assert_eq!(source, Some(NEXT));
    pair.sole_holder(Who::A);
}
