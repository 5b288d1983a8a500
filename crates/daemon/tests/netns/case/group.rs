//! Two virtual routers that are master together or not at all.

use std::net::IpAddr;
use std::time::Duration;

use crate::netns::clock::{Stamp, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::{Host, Lab};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

const SECOND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 0, 120));

/// `VI_1`, and `VI_2` in a group with it, which loses its footing when `eth1` goes down.
fn grouped(priority: u8, link: &str, tracked: bool) -> Instance {
    let track = if tracked { "    track_interface {\n        eth1\n    }\n" } else { "" };
    let second = format!(
        "vrrp_instance VI_2 {{\n    interface {link}\n    virtual_router_id 52\n    version 3\n    priority {priority}\n    \
         advert_int 0.4\n{track}    virtual_ipaddress {{\n        {SECOND}/24\n    }}\n}}"
    );
    let group = "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n}";
    Instance::v3(priority, 400).with_block(group).with_block(second)
}

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, b| {
        lab.spare_link(a, "eth1");
        (grouped(150, &a.link, true), grouped(100, &b.link, false))
    })
}

/// A fault of one member takes both away, each with its goodbye, so that the other node has both after its skew time;
/// what gives the fault up takes both back.
///
/// vrrp-behaviour §8, §22.2.
pub(crate) fn life(pair: &mut Pair) {
    pair.establish();
    holds_second(pair, Who::A);
    let spare = pair.side(Who::A).host.spare("eth1");

    let event = Stamp::now();
    pair.lab.cut(&spare);
    let host = pair.side(Who::A).host.clone();
    let within = Duration::from_secs_f64(LATE);
    let goodbye = pair.wire.wait_advert(&host, event, within, |advert| advert.priority == 0);
    let goodbye = goodbye.expect("the member that has no fault says goodbye too").at;
    let skew = pair.side(Who::B).instance.skew();
    pair.becomes_master(Who::B, goodbye, 0.0, skew);
    pair.sole_holder(Who::B);
    holds_second(pair, Who::B);

    let event = Stamp::now();
    pair.lab.mend(&spare);
    let wait = pair.side(Who::A).instance.master_down();
    // The one whose time runs out first waits for the other, at most its time again.
    pair.becomes_master(Who::A, event, wait, 2.0 * wait);
    pair.steps_back(Who::B, event);
    pair.sole_holder(Who::A);
    holds_second(pair, Who::A);
}

fn holds_second(pair: &Pair, who: Who) {
    let holds = |host: &Host| host.holds(&[SECOND]) == Some(true);
    let settled = wait_for(Duration::from_secs_f64(LATE), || {
        (holds(&pair.side(who).host) && !holds(&pair.side(who.other()).host)).then_some(())
    });
    assert!(settled.is_some(), "{who:?} alone should hold {SECOND}");
}
