//! Two routers that both own the addresses.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use super::bench::*;
use crate::config::{InstanceConfig, Priority};
use crate::notice::State;

fn owner() -> InstanceConfig {
    InstanceConfig { priority: Priority::OWNER, wants_master: true, ..instance() }
}

/// Has another router advertise `times` each second; what was logged.
fn hear_often(bench: &mut Bench, from: Ipv4Addr, priority: u8, times: u32) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..times {
        lines.extend(log(&bench.hear(from, priority)));
        lines.extend(log(&bench.wait(1_000)));
    }
    lines
}

/// Recorded from Keepalived 2.4.3: "Lower address hears the higher: CONFIGURATION ERROR ..., then BACKUP, stays; when
/// the other sends prio 0 it is back after skew (1/256 s) with 255."
#[test]
fn an_owner_with_the_lower_address_gives_way_until_the_other_gives_up() {
    let mut bench = Bench::master(owner());
    let lines = log(&bench.hear(HIGH, 255));
    let error = "(VI_1) CONFIGURATION ERROR: local instance and 192.0.2.20 are both configured as address owner, \
                 please resolve";
    assert!(lines.contains(&error.into()), "{lines:?}");
    hear_often(&mut bench, HIGH, 255, 5);
    assert_eq!(bench.state(), State::Backup);
    bench.hear(HIGH, 0);
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_nanos(3_906_250)));
    assert_eq!(brief(&bench.wait(4))[..2], ["advert 255", "MASTER"]);
}

/// Recorded from Keepalived 2.4.3: "Higher address hears the lower: same error line, `Received advert from A with lower
/// priority 255, ours 255, forcing new election`, answers with one advert; 3.2 s later `rogue address owner appears to
/// have stopped advertising`."
#[test]
fn an_owner_with_the_higher_address_answers_and_sees_the_other_gone() {
    let mut bench = Bench::master(owner());
    let out = bench.hear(LOW, 255);
    assert_eq!(brief(&out)[0], "advert 255");
    let heard =
        "(VI_1) Received advert from 192.0.2.5 with lower priority 255, ours 255, forcing new election";
    assert!(log(&out).contains(&heard.into()), "{:?}", log(&out));
    let gone = "(VI_1) rogue address owner appears to have stopped advertising";
    assert!(!log(&bench.wait(3_199)).contains(&gone.into()));
    assert!(log(&bench.wait(2)).contains(&gone.into()));
    assert_eq!(bench.status().effective_priority, Priority::OWNER);
}

/// Keepalived 2.4.3: "if the rogue still advertises it drops itself to prio 254 until the rogue is gone or advertises
/// < 255, then restores 255".
#[test]
fn an_owner_that_is_not_heeded_goes_down_to_254_and_comes_back_when_the_other_is_gone() {
    let mut bench = Bench::master(owner());
    let lines = hear_often(&mut bench, LOW, 255, 4);
    assert!(lines.contains(&"(VI_1) Changing effective priority from 255 to 254".into()), "{lines:?}");
    hear_often(&mut bench, LOW, 255, 2);
    assert_eq!((bench.state(), bench.status().effective_priority), (State::Backup, Priority(254)));
    hear_often(&mut bench, LOW, 255, 20);
    assert_eq!(bench.state(), State::Backup, "it does not disturb one that does not care");
    let out = bench.wait(3_100);
    assert_eq!(brief(&out)[..2], ["advert 255", "MASTER"]);
    assert_eq!(bench.status().effective_priority, Priority::OWNER);
}

#[test]
fn an_owner_that_went_down_comes_back_when_the_other_claims_less() {
    let mut bench = Bench::master(owner());
    hear_often(&mut bench, LOW, 255, 6);
    assert_eq!(bench.status().effective_priority, Priority(254));
    bench.hear(LOW, 100);
    assert_eq!(bench.status().effective_priority, Priority::OWNER);
    bench.wait(3_100);
    assert_eq!(bench.state(), State::Master);
}

#[test]
fn an_owner_that_went_down_as_the_other_fell_silent_comes_back_as_master() {
    let mut bench = Bench::master(owner());
    hear_often(&mut bench, LOW, 255, 3);
    bench.wait(150);
    bench.hear(LOW, 255);
    bench.wait(100);
    assert_eq!((bench.state(), bench.status().effective_priority), (State::Master, Priority(254)));
    bench.wait(3_200);
    assert_eq!((bench.state(), bench.status().effective_priority), (State::Master, Priority::OWNER));
}
