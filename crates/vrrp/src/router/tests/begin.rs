//! The first states, in the order in which people are told of them. Recorded from Keepalived 2.2.7 with these instances.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use host::{Instant, JobId, LinkIndex, LinkName, Outcome};

use super::bench::*;
use crate::config::{Config, GroupConfig, InstanceConfig, Priority, TrackScript, Vrid, Weight};
use crate::event::{Action, Event};
use crate::notice::{GroupFact, InstanceFact, Notice};

const ETH1: LinkIndex = LinkIndex(3);

/// The instances in the order of the file, each with its link and its priority; owners are to begin as masters.
const INSTANCES: [(&str, &str, u8); 10] = [
    ("S", "eth0", 100),
    ("A", "eth0", 100),
    ("C", "eth0", 100),
    ("P", "eth0", 255),
    ("O", "eth0", 255),
    ("OF", "eth1", 255),
    ("B", "eth1", 100),
    ("F", "eth1", 100),
    ("D", "eth0", 100),
    ("Q", "eth0", 255),
];

/// Groups of one on each link, of two on one, and of owners.
const GROUPS: [(&str, [&str; 2]); 3] = [("G", ["A", "B"]), ("H", ["C", "D"]), ("OO", ["P", "Q"])];

fn mixed() -> Config {
    let instances = INSTANCES.iter().zip(1..).map(|((name, link, priority), vrid)| InstanceConfig {
        name: (*name).into(),
        link: Some(LinkName::new(link).unwrap()),
        vrid: Vrid::new(vrid).unwrap(),
        priority: Priority(*priority),
        wants_master: *priority == 255,
        ..instance()
    });
    let groups = GROUPS.map(|(name, members)| GroupConfig {
        name: name.into(),
        members: members.map(String::from).into(),
        notify: Default::default(),
        mail: false,
    });
    Config { groups: groups.into(), ..config(instances, []) }
}

fn start(config: Config, eth1: bool) -> (Bench, Vec<Action>) {
    let mut bench = Bench { router: Default::default(), now: Instant::ZERO, obedient: true };
    let mut out = bench.tell(Event::Configured(Box::new(config)));
    let second = host::Link { index: ETH1, name: LinkName::new("eth1").unwrap(), ..link(eth1) };
    let addresses = vec![address(OURS), host::LinkAddress { link: ETH1, ..address(OURS) }];
    out.extend(bench.tell(survey(vec![link(true), second], addresses)));
    out.extend(bench.wait(0));
    (bench, out)
}

/// What a reader of an event pipe sees, without its priorities.
fn told(out: &[Action]) -> Vec<String> {
    let line = |action: &Action| {
        let Action::Notice(notice) = action else { return None };
        if let Notice::Instance { name, fact: InstanceFact::Entered { state, .. } } = notice {
            return Some(format!("{name} {state}"));
        }
        if let Notice::Group { name, fact: GroupFact::Entered { state, .. } } = notice {
            return Some(format!("GROUP {name} {state}"));
        }
        None
    };
    out.iter().filter_map(line).collect()
}

/// Groups come first, then instances as they stand in the file; owners, and groups of owners, begin with MASTER.
///
/// vrrp-behaviour §14.
/// As observed: B14-04.
#[test]
fn groups_are_told_before_all_instances_and_owners_as_masters_only() {
    let (_, out) = start(mixed(), true);
    let told = told(&out);
    let backups = [
        "GROUP G BACKUP",
        "GROUP H BACKUP",
        "S BACKUP",
        "A BACKUP",
        "C BACKUP",
        "B BACKUP",
        "F BACKUP",
        "D BACKUP",
    ];
    assert_eq!(told[..8], backups);
    let mut rest = told[8..].to_vec();
    assert_eq!(rest.pop().unwrap(), "GROUP OO MASTER");
    rest.sort_unstable();
    assert_eq!(rest, ["O MASTER", "OF MASTER", "P MASTER", "Q MASTER"]);
}

/// Faults come before all, a fellow's with them, and their groups'.
///
/// vrrp-behaviour §14.
/// As observed: B14-04.
#[test]
fn those_that_begin_with_a_fault_are_told_before_all_others() {
    let (_, out) = start(mixed(), false);
    let expected = [
        "A FAULT",
        "OF FAULT",
        "B FAULT",
        "F FAULT",
        "GROUP G FAULT",
        "GROUP H BACKUP",
        "S BACKUP",
        "C BACKUP",
        "D BACKUP",
    ];
    assert_eq!(told(&out)[..9], expected);
    let lines = log(&out);
    for line in ["(B) entering FAULT state (interface eth1 down)", "(A) entering FAULT state"] {
        assert!(lines.iter().any(|have| have == line), "{line}: {lines:?}");
    }
}

/// vrrp-behaviour §14: "when start-up waits for a script the later order applies".
#[test]
fn those_that_waited_for_a_script_are_told_before_their_groups() {
    let mut config = mixed();
    config.scripts = scripted(Weight::Fault { reverse: false }, false).scripts;
    for instance in config.instances.iter_mut().filter(|it| ["S", "C", "P", "O"].contains(&it.name.as_str()))
    {
        let weight = Weight::Fault { reverse: false };
        instance.track_scripts = vec![TrackScript { script: "check".into(), weight }];
    }
    let (mut bench, out) = start(config, true);
    let told_first = told(&out);
    let expected = ["GROUP G BACKUP", "A BACKUP", "B BACKUP", "F BACKUP", "OF MASTER"];
    assert_eq!(told_first, expected, "the others wait");
    bench.now += Duration::from_millis(10);
    let mut out = bench.tell(Event::JobEnded(JobId(1), Outcome::Exited(0)));
    out.extend(bench.wait(0));
    let told = told(&out);
    assert_eq!(told[..4], ["S BACKUP", "C BACKUP", "D BACKUP", "GROUP H BACKUP"]);
    assert!(!told.iter().any(|line| line == "GROUP OO BACKUP"), "{told:?}");
    assert!(told.contains(&"GROUP OO MASTER".into()), "{told:?}");
}

/// vrrp-behaviour §4.2, §14.
#[test]
fn an_owner_that_is_to_wait_says_nothing_until_it_is_master() {
    let (mut bench, out) = start(Config { startup_delay: Duration::from_secs(2), ..mixed() }, true);
    assert!(!told(&out).iter().any(|line| line.starts_with("O ") || line.contains("OO")), "{:?}", told(&out));
    let out = bench.wait(2_000);
    assert!(told(&out).contains(&"O MASTER".into()), "{:?}", told(&out));
    assert_eq!(told(&out).last().unwrap(), "GROUP OO MASTER");
}

/// An owner without one who shares its fate waits as long as he does.
///
/// As observed: B22.2-05.
#[test]
fn an_owner_among_others_begins_as_a_backup() {
    let mut config = mixed();
    config.instances[9].priority = Priority(100);
    config.instances[9].wants_master = false;
    let (_, out) = start(config, true);
    let told = told(&out);
    assert_eq!(told[2], "GROUP OO BACKUP");
    assert!(told.contains(&"P BACKUP".into()), "{told:?}");
}

/// Until then it waits in silence; what comes is told.
///
/// vrrp-behaviour §9.1.
/// As observed: B9-03.
#[test]
fn with_init_fail_nobody_is_told_of_a_fault_before_the_script_has_failed() {
    let start = || {
        let mut config = scripted(Weight::Fault { reverse: false }, true);
        config.scripts[0].rise = 2;
        Bench::start(config)
    };
    let ends = |bench: &mut Bench, job, status| {
        let mut out = bench.tell(Event::JobEnded(JobId(job), Outcome::Exited(status)));
        out.extend(bench.wait(1_000));
        told(&out)
    };
    let (mut bench, out) = start();
    assert_eq!(told(&out), Vec::<String>::new());
    assert_eq!(ends(&mut bench, 1, 0), Vec::<String>::new(), "the first of two successes");
    assert_eq!(ends(&mut bench, 2, 0), ["VI_1 BACKUP"]);

    let (mut bench, _) = start();
    assert_eq!(ends(&mut bench, 1, 0), Vec::<String>::new());
    assert_eq!(ends(&mut bench, 2, 1), ["VI_1 FAULT"]);
    assert_eq!(ends(&mut bench, 3, 1), Vec::<String>::new(), "it has been told");
}
