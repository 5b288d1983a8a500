use std::net::{IpAddr, Ipv4Addr};

use host::LinkName;
use vrrp::config::{GroupConfig, InstanceConfig, NotifyScripts, Vrid};
use vrrp::notice::{GroupFact, Heard, InstanceFact, Notice, State};

use super::super::news::Sieve;
use super::*;

fn instance(name: &str, vrid: u8, tell_priority: bool) -> InstanceConfig {
    let link = LinkName::new("eth0").unwrap();
    InstanceConfig::plain(name, link, Vrid::new(vrid).unwrap()).with(|it| it.tell_priority = tell_priority)
}

fn config() -> Config {
    let group = GroupConfig {
        name: "G1".into(),
        members: vec!["I1".into(), "I2".into()],
        notify: NotifyScripts::default(),
        mail: false,
    };
    Config {
        instances: vec![instance("I1", 11, true), instance("I2", 12, false), instance("IX", 13, false)],
        groups: vec![group],
        ..Config::default()
    }
}

fn sieve() -> Sieve {
    let mut sieve = Sieve::default();
    sieve.configure(&config());
    sieve
}

fn entered(name: &str, state: State, priority: u8) -> Notice {
    let fact = InstanceFact::Entered { state, first: false, priority: Priority(priority) };
    Notice::Instance { name: name.into(), fact }
}

fn changed(name: &str, to: u8) -> Notice {
    let fact = InstanceFact::PriorityChanged { from: Priority(1), to: Priority(to) };
    Notice::Instance { name: name.into(), fact }
}

fn lower(name: &str) -> Notice {
    let what = Heard::LowerPriority { theirs: Priority(50), ours: Priority(104), answered: true, more: 0 };
    let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    Notice::Instance { name: name.into(), fact: InstanceFact::Heard { from, what } }
}

fn group(state: State) -> Notice {
    Notice::Group { name: "G1".into(), fact: GroupFact::Entered { state, first: false } }
}

fn lines(sieve: &mut Sieve, notices: &[Notice]) -> String {
    notices.iter().filter_map(|notice| sieve.sift(notice).and_then(|news| line(&news))).collect()
}

/// As keepalived 2.4.3 wrote them, event after event.
#[test]
fn the_lines_are_those_of_keepalived() {
    let mut sieve = sieve();
    for (notices, expected) in [
        (
            vec![
                changed("I1", 104),
                entered("I2", State::Backup, 100),
                entered("I1", State::Backup, 104),
                group(State::Backup),
            ],
            "INSTANCE \"I1\" BACKUP_PRIORITY 104\nINSTANCE \"I2\" BACKUP 100\nINSTANCE \"I1\" BACKUP 104\n\
             GROUP \"G1\" BACKUP 0\n",
        ),
        (
            vec![
                entered("I1", State::Master, 104),
                entered("I2", State::Master, 100),
                group(State::Master),
                entered("IX", State::Master, 100),
            ],
            "INSTANCE \"I1\" MASTER 104\nINSTANCE \"I2\" MASTER 100\nGROUP \"G1\" MASTER 0\n\
             INSTANCE \"IX\" MASTER 100\n",
        ),
        (vec![lower("I1")], "INSTANCE \"I1\" MASTER_RX_LOWER_PRI 104\n"),
        (
            vec![
                changed("I1", 100),
                entered("I2", State::Fault, 100),
                entered("I1", State::Fault, 100),
                group(State::Fault),
            ],
            "INSTANCE \"I1\" MASTER_PRIORITY 100\nINSTANCE \"I2\" FAULT 100\nINSTANCE \"I1\" FAULT 100\n\
             GROUP \"G1\" FAULT 0\n",
        ),
        (vec![changed("I1", 104)], "INSTANCE \"I1\" BACKUP_PRIORITY 104\n"),
        (vec![entered("IX", State::Deleted, 100)], "INSTANCE \"IX\" DELETED 100\n"),
        (
            vec![entered("I1", State::Stop, 48), group(State::Stop)],
            "INSTANCE \"I1\" STOP 48\nGROUP \"G1\" STOP 0\n",
        ),
    ] {
        assert_eq!(lines(&mut sieve, &notices), expected);
    }
}

#[test]
fn a_changed_priority_is_told_to_those_who_asked() {
    let mut sieve = sieve();
    assert_eq!(lines(&mut sieve, &[changed("I2", 90)]), "");
    let mut asked = config();
    asked.instances[1].tell_priority = true;
    sieve.configure(&asked);
    assert_eq!(lines(&mut sieve, &[changed("I2", 91)]), "INSTANCE \"I2\" BACKUP_PRIORITY 91\n");
}

#[test]
fn a_state_is_told_once_and_can_be_told_again_with_another_priority() {
    let mut sieve = sieve();
    let notices = [entered("I2", State::Master, 100), entered("I2", State::Master, 100)];
    assert_eq!(lines(&mut sieve, &notices), "INSTANCE \"I2\" MASTER 100\n");
    lines(&mut sieve, &[group(State::Backup)]);
    sieve.configure(&config());
    let states: String = sieve.states(|_| Priority(90)).filter_map(|news| line(&news)).collect();
    assert_eq!(states, "INSTANCE \"I2\" MASTER 90\nGROUP \"G1\" BACKUP 0\n");
}

#[test]
fn a_flood_of_lesser_adverts_does_not_fill_a_pipe() {
    let mut pace = Pace::default();
    pace.configure(&config());
    let mut sieve = sieve();
    let (notice, other) = (lower("I1"), entered("I1", State::Master, 104));
    let mut written = Vec::new();
    for at in (0..1000).step_by(5) {
        let news = sieve.sift(&notice).unwrap();
        if pace.allows(&news, Instant::from_millis(at)) {
            written.push(at);
        }
    }
    assert_eq!(written, [0, 125, 250, 375, 500, 625, 750, 875]);
    assert!(pace.allows(&sieve.sift(&other).unwrap(), Instant::from_millis(876)));
}
