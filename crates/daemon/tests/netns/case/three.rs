//! A third node.

use std::time::Duration;

use crate::netns::clock::{Stamp, wait_for};
use crate::netns::daemon::{Daemon, Make};
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v3(200, 400), Instance::v3(150, 400)))
}

/// The second takes over from the first, not the third; the third from the second; the first gets all back.
pub(crate) fn succession(pair: &mut Pair) {
    let host = pair.lab.host("eth0");
    let third = Instance::v3(100, 400);
    let make = pair.side(Who::B).daemon.make();
    let mut daemon = Daemon::new(&pair.lab, &host, make, "c", &third.render(&host));
    pair.establish();
    daemon.start();
    let addresses = third.virtual_addresses();
    let holds = |wanted: bool, within: f64| {
        wait_for(Duration::from_secs_f64(within + LATE), || {
            (host.holds(&addresses) == Some(wanted)).then_some(())
        })
    };
    // Long enough to have become master if it heard nobody.
    crate::netns::clock::sleep(Duration::from_secs_f64(third.master_down() + 0.5));
    assert_eq!(host.holds(&addresses), Some(false), "the third is master beside the first");

    let event = pair.side_mut(Who::A).daemon.terminate();
    pair.becomes_master(Who::B, event, 0.0, 1.0 + pair.side(Who::B).instance.skew());
    pair.side_mut(Who::A).daemon.wait();
    pair.sole_holder(Who::B);
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::B, Stamp::now(), wait + 0.5);
    assert_eq!(host.holds(&addresses), Some(false), "the third is master beside the second");

    pair.side_mut(Who::B).daemon.power_off();
    pair.lab.cut(&pair.side(Who::B).host);
    assert!(holds(true, third.master_down()).is_some(), "the third did not take over:\n{}", daemon.log());

    let event = pair.side_mut(Who::A).daemon.start();
    let wait = pair.side(Who::A).instance.master_down();
    pair.becomes_master(Who::A, event, wait, wait);
    assert!(holds(false, 0.0).is_some(), "the third keeps what the first has:\n{}", daemon.log());
}
