use ::bfd::config::Audience;
use ::check::config::{
    Check as CheckConfig, CheckKind, Config, Pace, Quorum, RealServer, Target, VirtualServer,
};
use host::ipvs::{Forwarding, IpvsOp, IpvsTable, Service, ServiceKey, Transport};
use host::{Command, Family, Ticket};

use super::*;

/// What the worker did, in order.
#[derive(Debug, PartialEq)]
enum Deed {
    Surveyed,
    Ordered(Ticket, IpvsOp),
    Said(FromCheck),
    Put(String),
    Wrote(String),
}

/// Writes down what it is asked.
#[derive(Debug, Default)]
struct Paper {
    deeds: Vec<Deed>,
}

impl Ipvs for Paper {
    fn balance(&mut self, ticket: Ticket, op: IpvsOp) {
        self.deeds.push(Deed::Ordered(ticket, op));
    }
    fn survey_ipvs(&mut self) {
        self.deeds.push(Deed::Surveyed);
    }
}

impl Journal for Paper {
    fn write(&mut self, _: Severity, line: &str) {
        self.deeds.push(Deed::Wrote(line.to_owned()));
    }
}

impl CheckBus for Paper {
    fn tell_supervisor(&mut self, message: FromCheck) {
        self.deeds.push(Deed::Said(message));
    }
}

impl EventPipes for Paper {
    fn put(&mut self, line: &str) {
        self.deeds.push(Deed::Put(line.to_owned()));
    }
}

fn command(word: &str) -> Option<Command> {
    Some(Command { argv: vec![word.into()], account: None })
}

/// One virtual server with one real server that follows a session.
fn configure() -> ToCheck {
    let second = Duration::from_secs(1);
    let pace = Pace { interval: second, warmup: second, retries: 0, retry_delay: second };
    let follows = CheckConfig {
        pace,
        starts_failed: false,
        logs_all_failures: false,
        kind: CheckKind::Bfd("B".into()),
    };
    let server = RealServer {
        address: [10, 0, 0, 11].into(),
        port: 80,
        forwarding: Forwarding::Masquerade,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit_on_failure: false,
        starts_failed: false,
        mails: false,
        notify: None,
        snmp_name: None,
        checks: vec![follows],
    };
    let service = VirtualServer {
        target: Target::Address { address: [10, 0, 0, 100].into(), port: 80 },
        transport: Some(Transport::Tcp),
        family: Family::V4,
        service: Service { scheduler: "rr".into(), flags: 0, persistence: None },
        quorum: Quorum { needed: 1, hysteresis: 0, gained: command("up"), lost: command("down") },
        sorry_server: None,
        real_servers: vec![server],
        fails_at_stop: false,
        suspends_without_address: false,
        mails: false,
        snmp_name: None,
    };
    ToCheck::Configure(Box::new(Config { virtual_servers: vec![service], ..Config::default() }))
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// A worker that has put its service into an empty table.
fn running() -> Check<Paper> {
    let mut worker = Check::new(Paper::default());
    worker.hear(configure(), at(0));
    worker.arrive(Arrival::IpvsSurveyed(Ok(IpvsTable::default())), at(1));
    worker
}

/// The kernel carries out what it was ordered.
fn answer(worker: &mut Check<Paper>) {
    for deed in deeds(worker) {
        if let Deed::Ordered(ticket, _) = deed {
            worker.arrive(Arrival::Settled { ticket, result: Ok(()) }, at(1));
        }
    }
}

fn deeds(worker: &mut Check<Paper>) -> Vec<Deed> {
    std::mem::take(&mut worker.machine_mut().deeds)
}

fn verdict(alive: bool) -> Verdict {
    Verdict { session: "B".into(), alive, at: at(1), audience: Audience::default() }
}

#[test]
fn a_configuration_is_answered_and_its_service_is_put_once_the_table_is_known() {
    let mut worker = running();
    let deeds = deeds(&mut worker);
    assert_eq!(deeds[0], Deed::Surveyed);
    let job = Job { command: command("up").unwrap(), limit: Some(LIMIT) };
    let notify = FromCheck::Notify { queue: "[10.0.0.100]:tcp:80".into(), job };
    let told = deeds.iter().position(|deed| *deed == Deed::Said(notify.clone())).unwrap();
    assert_eq!(deeds[told + 1], Deed::Put("VS [10.0.0.100]:tcp:80 UP\n".into()));
    assert!(deeds.contains(&Deed::Said(FromCheck::Ready)));
    assert!(matches!(
        &deeds[deeds.len() - 2..],
        [Deed::Ordered(_, IpvsOp::PutService(..)), Deed::Ordered(_, IpvsOp::PutDestination(..))]
    ));
}

/// "Received BFD event: instance B is in state Down (delivered in 6 usec)", "each with the Removing/Adding line in the same
/// instant".
#[test]
fn a_verdict_of_bfd_is_an_order_and_a_line() {
    let mut worker = running();
    answer(&mut worker);
    worker.hear_verdict(verdict(false), at(2));
    let deeds = deeds(&mut worker);
    let wrote = |line: &str| Deed::Wrote(line.into());
    assert_eq!(deeds[0], wrote("Received BFD event: instance B is in state Down (delivered in 1000 usec)"));
    assert!(matches!(deeds[1], Deed::Ordered(_, IpvsOp::RemoveDestination(..))), "before anything is told");
    assert_eq!(deeds[2], wrote("BFD check of [B] RS([10.0.0.11]:tcp:80) is DOWN"));
}

#[test]
fn a_stop_ends_with_the_kernels_answer_or_after_a_while() {
    let mut worker = running();
    assert!(!worker.is_finished());
    answer(&mut worker);
    worker.hear(ToCheck::Stop, at(3));
    let ordered = deeds(&mut worker);
    let [.., Deed::Ordered(ticket, IpvsOp::RemoveService(ServiceKey::Address { .. })), Deed::Wrote(_)] =
        ordered.as_slice()
    else {
        panic!("{ordered:?}")
    };
    let ticket = *ticket;
    assert!(!worker.is_finished());
    assert_eq!(worker.deadline(), Some(at(3) + STOP_LIMIT));
    worker.hear(configure(), at(4));
    assert!(deeds(&mut worker).is_empty(), "a stop is final");
    worker.arrive(Arrival::Settled { ticket, result: Ok(()) }, at(5));
    assert!(worker.is_finished());

    let mut silent = running();
    silent.hear(ToCheck::Stop, at(3));
    silent.arrive(Arrival::Woken, at(3) + STOP_LIMIT);
    assert!(silent.is_finished());
}
