use std::net::{IpAddr, Ipv4Addr};

use host::{
    Channel, Datagram, Link, LinkAddress, LinkIndex, LinkName, NetworkOp, Prefix, Refusal, Severity, Ticket,
};
use vrrp::config::{GroupConfig, InstanceConfig, Priority, VirtualAddress};
use vrrp::{Config, Memory};

use super::*;

/// Writes down what it is asked.
#[derive(Debug, Default)]
struct Paper {
    said: Vec<ToSupervisor>,
    lines: Vec<String>,
    events: Vec<String>,
    orders: Vec<Ticket>,
    sent: usize,
    departed: usize,
}

impl Network for Paper {
    fn submit(&mut self, ticket: Ticket, _: NetworkOp) {
        self.orders.push(ticket);
    }
}

impl host::Firewall for Paper {
    fn filter(&mut self, _: Ticket, _: host::FirewallOp) {}
}

impl Datagrams for Paper {
    fn listen(&mut self, _: Channel, _: &[u8]) {}
    fn ignore(&mut self, _: Channel) {}
    fn send(&mut self, _: Datagram) {
        self.sent += 1;
    }
    fn dispatch(&mut self) {
        self.departed = self.sent;
    }
}

impl Journal for Paper {
    fn wants(&self, severity: Severity) -> bool {
        severity != Severity::Detail
    }
    fn write(&mut self, severity: Severity, line: &str) {
        assert!(self.wants(severity), "{line}");
        assert_eq!(self.departed, self.sent, "the packets left before the log is told: {line}");
        self.lines.push(line.to_owned());
    }
}

impl Bus for Paper {
    fn tell(&mut self, message: ToSupervisor) {
        self.said.push(message);
    }
}

impl EventPipes for Paper {
    fn put(&mut self, line: &str) {
        self.events.push(line.to_owned());
    }
}

fn configure(memories: Vec<Memory>) -> ToWorker {
    ToWorker::Configure(Box::new(Configure { config: Config::default(), memories }))
}

#[test]
fn a_configuration_is_answered_with_ready() {
    let mut worker = Vrrp::new(Paper::default());
    worker.hear(configure(vec![]), Instant::ZERO);
    assert_eq!(worker.machine().said, [ToSupervisor::Ready]);
}

#[test]
fn what_only_an_earlier_life_was_master_of_is_taken_back() {
    let mut worker = Vrrp::new(Paper::default());
    let memory = Memory { instance: "gone".into(), master_until: Instant::ZERO };
    worker.hear(configure(vec![memory]), Instant::ZERO);
    worker.arrive(survey(vec![], vec![]), Instant::ZERO);
    let gone = ToSupervisor::Masterships(vec![Mastership { instance: "gone".into(), master: false }]);
    assert_eq!(worker.machine().said, [gone, ToSupervisor::Ready]);
}

#[test]
fn a_stop_with_nothing_to_give_up_is_over_at_once_and_final() {
    let mut worker = Vrrp::new(Paper::default());
    worker.hear(configure(vec![]), Instant::ZERO);
    worker.arrive(survey(vec![], vec![]), Instant::ZERO);
    assert!(!worker.is_finished());
    worker.hear(ToWorker::Stop, Instant::ZERO);
    assert!(worker.is_finished());
    worker.hear(configure(vec![]), Instant::ZERO);
    worker.hear(ToWorker::Stop, Instant::ZERO);
    assert_eq!(worker.machine().said, [ToSupervisor::Ready]);
}

fn survey(links: Vec<Link>, addresses: Vec<LinkAddress>) -> Arrival {
    Arrival::Surveyed { links, addresses, routes: vec![], rules: vec![] }
}

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100));

fn eth0() -> Link {
    Link {
        index: LinkIndex(2),
        name: LinkName::new("eth0").unwrap(),
        admin_up: true,
        running: true,
        mtu: 1500,
        mac: Some(host::MacAddress([2, 0, 0, 0, 0, 1])),
        arp: true,
        multicast: true,
        loopback: false,
        ipv6_router: false,
    }
}

fn own() -> LinkAddress {
    LinkAddress::plain(LinkIndex(2), Prefix::host(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))))
}

fn survey_with_vip() -> Arrival {
    let left = LinkAddress::plain(LinkIndex(2), Prefix::host(VIP));
    survey(vec![eth0()], vec![own(), left])
}

/// The owner of an address on eth0.
fn owner() -> Config {
    let instance = InstanceConfig {
        priority: Priority::OWNER,
        wants_master: true,
        addresses: vec![VirtualAddress::plain(Prefix::host(VIP))],
        ..crate::notify::script::tests::instance("VI_1")
    };
    Config { instances: vec![instance], ..Config::default() }
}

/// A worker whose only instance is master.
fn master() -> Vrrp<Paper> {
    let mut worker = Vrrp::new(Paper::default());
    let config = owner();
    worker.hear(ToWorker::Configure(Box::new(Configure { config, memories: vec![] })), Instant::ZERO);
    worker.arrive(survey(vec![eth0()], vec![own()]), Instant::ZERO);
    worker.arrive(Arrival::Woken, Instant::ZERO);
    assert!(worker.machine().sent > 0 && worker.machine().orders.len() == 1, "an owner is master at once");
    worker
}

/// As Keepalived 2.2.7, which tells no script of another name. What the supervisor keeps for a crash goes by names.
#[test]
fn a_master_that_a_reload_gives_another_name_is_known_by_that() {
    let mut worker = master();
    worker.machine_mut().said.clear();
    let mut config = owner();
    config.instances[0].name = "VI_9".into();
    worker.hear(ToWorker::Configure(Box::new(Configure { config, memories: vec![] })), Instant::ZERO);
    let said = |instance: &str, master| {
        ToSupervisor::Masterships(vec![Mastership { instance: instance.into(), master }])
    };
    assert_eq!(worker.machine().said, [said("VI_1", false), said("VI_9", true), ToSupervisor::Ready]);
}

#[test]
fn a_stop_waits_for_the_kernel_but_not_for_ever() {
    let mut worker = master();
    worker.hear(ToWorker::Stop, Instant::ZERO);
    assert!(!worker.is_finished());
    assert!(worker.deadline().is_some_and(|deadline| deadline <= Instant::ZERO + STOP_LIMIT));
    worker.arrive(Arrival::Woken, Instant::ZERO + STOP_LIMIT);
    assert!(worker.is_finished());
}

#[test]
fn a_stop_is_over_when_the_kernel_has_taken_the_addresses() {
    let mut worker = master();
    worker.arrive(Arrival::Settled { ticket: worker.machine().orders[0], result: Ok(()) }, Instant::ZERO);
    worker.hear(ToWorker::Stop, Instant::ZERO);
    assert!(!worker.is_finished());
    worker.arrive(Arrival::Settled { ticket: worker.machine().orders[1], result: Ok(()) }, Instant::ZERO);
    assert!(worker.is_finished());
}

/// After a crash the stop may come before the first look at the kernel, where the last worker's addresses are.
#[test]
fn a_stop_waits_for_the_first_look_and_takes_what_an_earlier_life_left() {
    let mut worker = Vrrp::new(Paper::default());
    let (config, survey) = (owner(), survey_with_vip());
    worker.hear(ToWorker::Configure(Box::new(Configure { config, memories: vec![] })), Instant::ZERO);
    worker.hear(ToWorker::Stop, Instant::ZERO);
    assert!(!worker.is_finished());
    worker.arrive(survey, Instant::ZERO);
    assert_eq!(worker.machine().orders.len(), 1);
    worker.arrive(Arrival::Settled { ticket: worker.machine().orders[0], result: Ok(()) }, Instant::ZERO);
    assert!(worker.is_finished());
}

/// A stopped daemon that leaves its address behind makes two nodes answer for it.
#[test]
fn a_stop_asks_again_when_the_kernel_refuses_to_take_an_address() {
    let mut worker = master();
    worker.arrive(Arrival::Settled { ticket: worker.machine().orders[0], result: Ok(()) }, Instant::ZERO);
    worker.hear(ToWorker::Stop, Instant::ZERO);
    let busy = Refusal { code: 105, why: "No buffer space available".into() };
    worker.arrive(Arrival::Settled { ticket: worker.machine().orders[1], result: Err(busy) }, Instant::ZERO);
    assert!(!worker.is_finished());
    let again = worker.deadline().unwrap();
    worker.arrive(Arrival::Woken, again);
    assert_eq!(worker.machine().orders.len(), 3);
    worker.arrive(Arrival::Settled { ticket: worker.machine().orders[2], result: Ok(()) }, again);
    assert!(worker.is_finished());
}

#[test]
fn mastership_is_told_when_it_changes_and_before_the_scripts() {
    let mut worker = Vrrp::new(Paper::default());
    worker.sieve.configure(&owner());
    let entered = |state| Notice::Instance {
        name: "VI_1".into(),
        fact: InstanceFact::Entered { state, first: false, priority: vrrp::config::Priority(100) },
    };
    for state in [State::Backup, State::Master, State::Master, State::Fault, State::Stop] {
        worker.untold.push_back(entered(state));
    }
    worker.inform();
    let told = |master| Mastership { instance: "VI_1".into(), master };
    assert_eq!(worker.machine().said, [ToSupervisor::Masterships(vec![told(true), told(false)])]);
    assert_eq!(worker.machine().lines.len(), 5);
}

#[test]
fn alerts_are_told_of_instances_and_groups_that_want_them() {
    for mail in [true, false] {
        let mut worker = Vrrp::new(Paper::default());
        let mut config = owner();
        config.instances[0].mail = mail;
        let scripts = vrrp::config::NotifyScripts::default();
        let group = |name: &str, mail| GroupConfig {
            name: name.into(),
            members: vec!["VI_1".into()],
            notify: scripts.clone(),
            mail,
        };
        config.groups = vec![group("quiet", false), group("loud", true)];
        worker.sieve.configure(&config);
        let state = State::Master;
        let fact = InstanceFact::Entered { state, first: false, priority: Priority::OWNER };
        worker.tell_people(&Notice::Instance { name: "VI_1".into(), fact });
        for name in ["quiet", "loud"] {
            let fact = vrrp::notice::GroupFact::Entered { state, first: false };
            worker.tell_people(&Notice::Group { name: name.into(), fact });
        }
        let mut alerts = Vec::new();
        for said in &worker.machine().said {
            if let ToSupervisor::Mail(alert) = said {
                alerts.push(alert.about.as_str());
            }
        }
        let expected = ["VRRP Instance VI_1", "VRRP Group loud"];
        assert_eq!(alerts, if mail { &expected[..] } else { &expected[1..] });
    }
}

#[test]
fn nothing_that_comes_before_a_configuration_matters() {
    let mut worker = Vrrp::new(Paper::default());
    let refusal = || Refusal { code: 19, why: "No such device".into() };
    let address = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
    let channel = Channel { link: host::LinkIndex(9), address, protocol: host::Protocol::Vrrp };
    for arrival in [
        Arrival::Woken,
        Arrival::Unsent { tag: 7, refusal: refusal() },
        Arrival::Deaf { channel, refusal: refusal() },
        Arrival::Settled { ticket: Ticket(3), result: Err(refusal()) },
        Arrival::LinkRemoved(host::LinkIndex(3)),
    ] {
        worker.arrive(arrival, Instant::ZERO);
    }
    worker.hear(ToWorker::JobEnded(host::JobId(3), host::Outcome::TimedOut), Instant::ZERO);
    assert!(worker.machine().said.is_empty() && worker.machine().orders.is_empty());
}

#[test]
fn states_go_to_the_event_pipes_and_again_when_asked() {
    let mut worker = master();
    let lines = ["INSTANCE \"VI_1\" BACKUP 255\n", "INSTANCE \"VI_1\" MASTER 255\n"];
    assert_eq!(worker.machine().events, lines);
    worker.hear(ToWorker::WriteStates, Instant::ZERO);
    assert_eq!(worker.machine().events[2..], lines[1..]);
}

#[test]
fn counters_begin_anew_when_asked() {
    let mut worker = master();
    let counted = |worker: &mut Vrrp<Paper>| {
        worker.hear(ToWorker::TellStatus, Instant::ZERO);
        match worker.machine().said.last() {
            Some(ToSupervisor::Status { status, more: false }) => status.instances[0].counters.became_master,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(counted(&mut worker), 1);
    worker.hear(ToWorker::ClearCounters, Instant::ZERO);
    assert_eq!(counted(&mut worker), 0);
}

/// A virtual router on each of many links, none of which is there.
fn many(count: u8) -> Config {
    let instances = (1..=count).map(|vrid| InstanceConfig {
        vrid: vrrp::config::Vrid::new(vrid).unwrap(),
        ..crate::notify::script::tests::instance(&format!("VI_{vrid}"))
    });
    Config { instances: instances.collect(), ..Config::default() }
}

/// What it said of its status: names, and whether more was to come.
fn told_status(worker: &Vrrp<Paper>) -> Vec<(usize, bool)> {
    let piece = |said: &ToSupervisor| {
        if let ToSupervisor::Status { status, more } = said {
            return Some((status.instances.len(), *more));
        }
        None
    };
    worker.machine().said.iter().filter_map(piece).collect()
}

/// A dump of thousands of instances must make no advert late.
#[test]
fn how_it_stands_is_told_in_pieces_one_a_turn() {
    let mut worker = Vrrp::new(Paper::default());
    let configure = |config| ToWorker::Configure(Box::new(Configure { config, memories: vec![] }));
    worker.hear(configure(many(70)), Instant::ZERO);
    worker.arrive(survey(vec![eth0()], vec![own()]), Instant::ZERO);
    worker.hear(ToWorker::TellStatus, Instant::ZERO);
    assert_eq!(told_status(&worker), [(32, true)]);
    assert_eq!(worker.deadline(), Some(Instant::ZERO), "at once");
    // What arrives meanwhile is no turn of its own.
    worker.arrive(Arrival::LinkRemoved(host::LinkIndex(9)), Instant::ZERO);
    assert_eq!(told_status(&worker).len(), 1);
    worker.arrive(Arrival::Woken, Instant::ZERO);
    worker.arrive(Arrival::Woken, Instant::ZERO);
    assert_eq!(told_status(&worker)[1..], [(32, true), (6, false)]);
    worker.arrive(Arrival::Woken, Instant::ZERO);
    assert_eq!(told_status(&worker).len(), 3, "it is over");
}

/// A dump before a reload, or before the counters begin anew, tells of what was before.
#[test]
fn what_changes_everything_waits_until_the_status_is_told() {
    for counters in [true, false] {
        let mut worker = Vrrp::new(Paper::default());
        let configure = |config| ToWorker::Configure(Box::new(Configure { config, memories: vec![] }));
        worker.hear(configure(many(70)), Instant::ZERO);
        worker.hear(ToWorker::TellStatus, Instant::ZERO);
        let change = if counters { ToWorker::ClearCounters } else { configure(many(1)) };
        worker.hear(change, Instant::ZERO);
        assert_eq!(told_status(&worker), [(32, true), (32, true), (6, false)]);
    }
}

/// 200 backups that nobody else is master for, at the moment when they take over.
fn about_to_take_over() -> (Vrrp<Paper>, Instant) {
    let instances = (1..=200).map(|vrid| InstanceConfig {
        vrid: vrrp::config::Vrid::new(vrid).unwrap(),
        addresses: vec![VirtualAddress::plain(Prefix::host(IpAddr::V4(Ipv4Addr::new(198, 51, 100, vrid))))],
        ..crate::notify::script::tests::instance(&format!("VI_{vrid}"))
    });
    let config = Config { instances: instances.collect(), ..Config::default() };
    let mut worker = Vrrp::new(Paper::default());
    worker.hear(ToWorker::Configure(Box::new(Configure { config, memories: vec![] })), Instant::ZERO);
    worker.arrive(survey(vec![eth0()], vec![own()]), Instant::ZERO);
    while worker.deadline() == Some(Instant::ZERO) {
        worker.arrive(Arrival::Woken, Instant::ZERO);
    }
    let takeover = worker.deadline().unwrap();
    (worker, takeover)
}

/// Thousands of log lines of one turn would make adverts late.
#[test]
fn people_are_told_of_a_mass_takeover_in_turns_that_are_bounded() {
    let (mut worker, takeover) = about_to_take_over();
    let before = worker.machine().lines.len();
    worker.arrive(Arrival::Woken, takeover);
    assert!(worker.machine().sent >= 200, "every advert is sent at once: {}", worker.machine().sent);
    let mut told = vec![worker.machine().lines.len() - before];
    while worker.deadline() == Some(Instant::ZERO) {
        let before = worker.machine().lines.len();
        worker.arrive(Arrival::Woken, takeover);
        told.push(worker.machine().lines.len() - before);
    }
    assert!(told.iter().all(|lines| *lines <= MOST_TOLD), "{told:?}");
    let masters =
        worker.machine().lines.iter().filter(|line| line.ends_with("Entering MASTER STATE")).count();
    assert_eq!(masters, 200);
    assert_eq!(worker.machine().orders.len(), 200);
}

#[test]
fn people_hear_of_a_stop_when_every_master_has_said_so() {
    let (mut worker, takeover) = about_to_take_over();
    worker.arrive(Arrival::Woken, takeover);
    while worker.deadline() == Some(Instant::ZERO) {
        worker.arrive(Arrival::Woken, takeover);
    }
    let (sent, lines) = (worker.machine().sent, worker.machine().lines.len());
    worker.hear(ToWorker::Stop, takeover);
    let said = worker.machine().sent - sent;
    assert!((1..200).contains(&said), "{said}");
    assert_eq!(worker.machine().lines.len(), lines);
    assert!(!worker.is_finished());
    worker.arrive(Arrival::Woken, takeover);
    assert_eq!(worker.machine().sent - sent, 200);
    assert!(worker.machine().lines.len() > lines);
}
