use std::net::IpAddr;

use vrrp::config::{Deletion, InstanceConfig, Vrid};
use vrrp::notice::{Heard, InstanceFact, Notice};

use super::super::news::Sieve;
use super::*;

const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

fn command(words: &str) -> Option<Box<Command>> {
    Some(Command { argv: words.split(' ').map(String::from).collect(), account: None }.into())
}

/// An instance with a script for everything, which names what it is for.
pub(crate) fn instance(name: &str) -> InstanceConfig {
    InstanceConfig::plain(name, host::LinkName::new("eth0").unwrap(), Vrid::new(51).unwrap()).with(|it| {
        it.notify = NotifyScripts {
            master: command("/m own words"),
            backup: command("/b"),
            fault: command("/f"),
            stop: command("/s"),
            any: command("/any own"),
            lower_priority_heard: command("/lower own"),
        }
    })
}

/// The way from the engine's notice to the scripts.
#[derive(Default)]
struct Way {
    sieve: Sieve,
    scripts: Scripts,
}

impl Way {
    fn configure(&mut self, config: &Config) {
        self.sieve.configure(config);
        self.scripts.configure(config);
    }

    fn forget_removed(&mut self) {
        self.sieve.forget_removed();
        self.scripts.forget_removed();
    }
}

fn scripts() -> Way {
    let mut scripts = Way::default();
    scripts.configure(&Config { instances: vec![instance("VI_1")], ..Config::default() });
    scripts
}

fn fact(fact: InstanceFact) -> Notice {
    Notice::Instance { name: "VI_1".into(), fact }
}

fn entered(state: State) -> Notice {
    fact(InstanceFact::Entered { state, first: false, priority: Priority(89) })
}

fn lower() -> Notice {
    let what = Heard::LowerPriority { theirs: Priority(1), ours: Priority(2), answered: true, more: 0 };
    fact(InstanceFact::Heard { from: FROM, what })
}

/// What runs, as command lines.
fn told(way: &mut Way, notice: &Notice, at: Instant) -> Vec<String> {
    let mut out = vec![];
    if let Some(news) = way.sieve.sift(notice) {
        way.scripts.react(&news, at, &mut out);
    }
    assert!(out.iter().all(|n| ["VI_1", "G"].contains(&n.queue.as_str()) && n.job.limit == Some(LIMIT)));
    out.iter().map(|n| n.job.command.argv.join(" ")).collect()
}

/// As recorded from keepalived 2.2.7: own words for the specific script, four more for the general one.
#[test]
fn the_specific_script_comes_before_the_general_one_which_is_told_what_happened() {
    let mut scripts = scripts();
    let at = Instant::ZERO;
    for (state, expected) in [
        (State::Backup, ["/b", "/any own INSTANCE VI_1 BACKUP 89"]),
        (State::Master, ["/m own words", "/any own INSTANCE VI_1 MASTER 89"]),
        (State::Fault, ["/f", "/any own INSTANCE VI_1 FAULT 89"]),
        (State::Stop, ["/s", "/any own INSTANCE VI_1 STOP 89"]),
    ] {
        assert_eq!(told(&mut scripts, &entered(state), at), expected);
    }
}

#[test]
fn the_same_state_is_not_told_twice() {
    let mut scripts = scripts();
    assert_eq!(told(&mut scripts, &entered(State::Master), Instant::ZERO).len(), 2);
    assert!(told(&mut scripts, &entered(State::Master), Instant::ZERO).is_empty());
    assert!(told(&mut scripts, &entered(State::Init), Instant::ZERO).is_empty());
    assert_eq!(told(&mut scripts, &entered(State::Backup), Instant::ZERO).len(), 2);
}

#[test]
fn a_master_that_resumes_after_a_crash_is_not_told_again() {
    let mut scripts = scripts();
    scripts.sieve.resume_master("VI_1");
    assert!(told(&mut scripts, &entered(State::Master), Instant::ZERO).is_empty());
}

#[test]
fn an_instance_that_a_reload_removes_is_told_by_its_old_scripts_and_forgotten() {
    let mut scripts = scripts();
    scripts.configure(&Config::default());
    let lines = told(&mut scripts, &entered(State::Fault), Instant::ZERO);
    assert_eq!(lines, ["/f", "/any own INSTANCE VI_1 FAULT 89"]);
    scripts.forget_removed();
    assert!(told(&mut scripts, &entered(State::Master), Instant::ZERO).is_empty());
}

/// cli-and-files §5.1: "`notify_deleted` | none; generic `notify` gets `DELETED`".
#[test]
fn a_removal_that_is_told_as_such_has_a_script_of_its_own() {
    let mut scripts = scripts();
    let deletion = Some(Deletion { script: command("/d own words") });
    let config = instance("VI_1").with(|it| it.deletion = deletion);
    scripts.configure(&Config { instances: vec![config], ..Config::default() });
    scripts.configure(&Config::default());
    let lines = told(&mut scripts, &entered(State::Deleted), Instant::ZERO);
    assert_eq!(lines, ["/d own words", "/any own INSTANCE VI_1 DELETED 89"]);
}

#[test]
fn a_reload_changes_the_scripts_and_not_what_was_told() {
    let mut scripts = scripts();
    told(&mut scripts, &entered(State::Master), Instant::ZERO);
    let mut changed = instance("VI_1");
    changed.notify.backup = command("/new");
    changed.notify.any = None;
    scripts.configure(&Config { instances: vec![changed], ..Config::default() });
    scripts.forget_removed();
    assert!(told(&mut scripts, &entered(State::Master), Instant::ZERO).is_empty());
    assert_eq!(told(&mut scripts, &entered(State::Backup), Instant::ZERO), ["/new"]);
}

#[test]
fn a_rival_that_keeps_to_the_interval_is_told_of_each_time_and_a_flood_is_not() {
    let mut scripts = scripts();
    let ms = Instant::from_millis;
    let runs: Vec<_> = [0, 990, 1980, 2000, 2100, 2470, 2480]
        .into_iter()
        .filter(|at| told(&mut scripts, &lower(), ms(*at)) == ["/lower own"])
        .collect();
    assert_eq!(runs, [0, 990, 1980, 2480]);
}

/// cli-and-files §5.1: a group's scripts get `GROUP NAME STATE 0`, and the priority of a group is 0.
#[test]
fn a_groups_scripts_are_told_of_the_group() {
    let group = vrrp::config::GroupConfig {
        name: "G".into(),
        members: vec!["VI_1".into()],
        mail: false,
        notify: NotifyScripts {
            master: command("/g own"),
            any: command("/g any"),
            ..NotifyScripts::default()
        },
    };
    let mut scripts = Way::default();
    scripts.configure(&Config { groups: vec![group], ..Config::default() });
    let fact = vrrp::notice::GroupFact::Entered { state: State::Master, first: false };
    let notice = Notice::Group { name: "G".into(), fact };
    assert_eq!(told(&mut scripts, &notice, Instant::ZERO), ["/g own", "/g any GROUP G MASTER 0"]);
}
