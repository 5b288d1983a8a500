//! Priorities that follow what a node can do: a script's verdict, an interface's state.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::netns::clock::Stamp;
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::Lab;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::{EARLY, LATE};

/// Takes A from 150 below B's 100.
const WEIGHT: u8 = 60;

pub(crate) fn script(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, _, _| {
        let block = format!(
            "vrrp_script check {{\n    script \"/usr/bin/test ! -e {}\"\n    interval 1\n    fall 2\n    rise 2\n    \
             weight -{WEIGHT}\n}}",
            lab.scratch.path("broken").display()
        );
        let a = Instance::v3(150, 400).with_block(block).with("track_script {\n        check\n    }");
        (a, Instance::v3(100, 400))
    })
}

/// A failing script lowers A below B, which then takes over; a script that succeeds again gives the address back.
pub(crate) fn script_weight(pair: &mut Pair) {
    pair.establish();
    let broken = pair.lab.scratch.path("broken");
    let event = Stamp::now();
    fs::write(&broken, "").expect("the scratch folder is writable");
    // Two runs a second apart have to fail; the first begins within a second.
    yields(pair, event, 1.0, 2.0);

    let event = Stamp::now();
    fs::remove_file(&broken).expect("it was just made");
    comes_back(pair, event, 1.0, 2.0);
}

pub(crate) fn interface(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, _| {
        lab.spare_link(a, "eth1");
        let tracking = format!("track_interface {{\n        eth1 weight -{WEIGHT}\n    }}");
        (Instance::v3(150, 400).with(tracking), Instance::v3(100, 400))
    })
}

/// A lost uplink lowers A below B; the link's return gives the address back.
///
/// As observed: B9-01.
pub(crate) fn interface_weight(pair: &mut Pair) {
    pair.establish();
    let spare = pair.side(Who::A).host.spare("eth1");
    let event = Stamp::now();
    pair.lab.cut(&spare);
    yields(pair, event, 0.0, 0.0);

    let event = Stamp::now();
    pair.lab.mend(&spare);
    comes_back(pair, event, 0.0, 0.0);
}

pub(crate) fn reversed(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, _| {
        lab.spare_link(a, "eth1");
        let tracking = format!("track_interface {{\n        eth1 weight {WEIGHT} reverse\n    }}");
        (Instance::v3(90, 400).rendered_at(150).with(tracking), Instance::v3(100, 400))
    })
}

/// What would be added while the link is up is taken away while it is, and nothing is while it is down.
///
/// As observed: B9-02.
pub(crate) fn reversed_weight(pair: &mut Pair) {
    pair.start_alone(Who::A);
    let spare = pair.side(Who::A).host.spare("eth1");
    let comes_to = |pair: &Pair, since: Stamp, priority: u8| {
        let within = Duration::from_secs_f64(0.4 + LATE);
        let host = &pair.side(Who::A).host;
        let seen = pair.wire.wait_advert(host, since, within, |advert| advert.priority == priority);
        assert!(seen.is_some(), "no advert of priority {priority}");
    };
    comes_to(pair, Stamp::now(), 90);
    let event = Stamp::now();
    pair.lab.cut(&spare);
    comes_to(pair, event, 150);
    let event = Stamp::now();
    pair.lab.mend(&spare);
    comes_to(pair, event, 90);
}

pub(crate) fn file(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, _, _| {
        let path = lab.scratch.path("score");
        fs::write(&path, "0\n").expect("the scratch folder is writable");
        let block = format!("vrrp_track_file score {{\n    file {}\n}}", path.display());
        let a = Instance::v3(150, 400).with_block(block).with("track_file {\n        score weight 2\n    }");
        (a, Instance::v3(100, 400))
    })
}

/// A number in a file is a number of points; the file's end is none.
pub(crate) fn file_value(pair: &mut Pair) {
    pair.establish();
    let path = pair.lab.scratch.path("score");
    let event = Stamp::now();
    fs::write(&path, "-30\n").expect("the scratch folder is writable");
    yields(pair, event, 0.0, 0.0);

    let event = Stamp::now();
    fs::remove_file(&path).expect("it was just written");
    comes_back(pair, event, 0.0, 0.0);
}

pub(crate) fn process(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, _, _| {
        let name = tracked_name(lab);
        let program = lab.scratch.path(&name);
        fs::copy("/bin/sleep", &program).expect("the scratch folder is writable");
        let block = format!("vrrp_track_process tracked {{\n    process {name}\n    weight 60\n}}");
        let a = Instance::v3(90, 400).with_block(block).with("track_process {\n        tracked\n    }");
        (Instance { priority: 150, ..a }.rendered_at(90), Instance::v3(100, 400))
    })
}

/// Processes are told apart by their names, and pairs are tested at once: each has one of its own, short enough for the
/// kernel.
fn tracked_name(lab: &Lab) -> String {
    format!("t{}", lab.prefix)
}

/// A process that runs is worth its points, one that ended is not.
pub(crate) fn process_runs(pair: &mut Pair) {
    let program = pair.lab.scratch.path(&tracked_name(&pair.lab));
    let start = || Command::new(&program).arg("60").spawn().expect("it was just copied");
    let mut tracked = start();
    pair.establish();
    let event = Stamp::now();
    tracked.kill().and_then(|()| tracked.wait()).expect("it is our child");
    yields(pair, event, 0.0, 1.0);

    let event = Stamp::now();
    let mut tracked = start();
    comes_back(pair, event, 0.0, 1.0);
    tracked.kill().and_then(|()| tracked.wait()).expect("it is our child");
}

/// A's priority falls between `earliest` and `latest` seconds after the event; B, which then hears nothing but a lower
/// master, takes over its master-down time after the last better advert, and A steps back without a goodbye.
fn yields(pair: &Pair, event: Stamp, earliest: f64, latest: f64) {
    let a = pair.side(Who::A);
    let low = a.instance.priority - WEIGHT;
    let within = Duration::from_secs_f64(latest + LATE) + a.instance.interval;
    let lowered = pair.wire.wait_advert(&a.host, event, within, |advert| advert.priority == low);
    let lowered = lowered.unwrap_or_else(|| panic!("A never advertised priority {low}"));
    let after = lowered.at.since(event);
    assert!(
        after >= earliest - EARLY,
        "A's priority fell after {after:.3} s, expected {earliest:.3} s at least"
    );
    let interval = a.instance.interval;
    let before = pair.wire.adverts(&a.host, lowered.at.minus(interval * 3), lowered.at);
    let gap = lowered.at.since(before.last().expect("A was master").at);
    assert!(gap > interval.as_secs_f64() * 0.85, "an advert of its own {gap:.3} s after the one before");
    pair.takes_over(Who::B, lowered.at);
    pair.steps_back(Who::A, event);
    pair.sole_holder(Who::B);
}

/// A's priority rises between `earliest` and `latest` seconds after the event; from then on B's adverts no longer
/// restart its master-down time, which it waits for.
fn comes_back(pair: &Pair, event: Stamp, earliest: f64, latest: f64) {
    let a = pair.side(Who::A);
    let (interval, wait) = (a.instance.interval.as_secs_f64(), a.instance.master_down());
    let back = pair.becomes_master(Who::A, event, earliest + wait - interval, latest + wait);
    let first = pair.wire.wait_advert(&a.host, back, Duration::from_secs_f64(LATE), |_| true);
    let priority = first.as_ref().and_then(|packet| packet.advert()).map(|advert| advert.priority);
    assert_eq!(priority, Some(a.instance.priority), "A's first priority as master again");
    pair.steps_back(Who::B, event);
    pair.sole_holder(Who::A);
}
