use std::net::{IpAddr, SocketAddr};

use ::bfd::config::SessionConfig;
use ::bfd::wire::{Control, Diagnostic, SessionState};
use ::bfd::{Config, Verdict};
use host::{Channel, LinkIndex, Refusal, Severity, Ticket, UdpChannel, UdpDatagram, UdpDelivery, UdpUse};

use super::*;
use crate::bus::{MAX_MESSAGE, decode, encode};

/// What the worker did, in order.
#[derive(Debug, PartialEq)]
enum Deed {
    Bound(u16),
    Unbound(u16),
    Sent(Vec<u8>),
    Told(Verdict),
    Said(FromBfd),
    Wrote(String),
}

/// Writes down what it is asked.
#[derive(Debug, Default)]
struct Paper {
    deeds: Vec<Deed>,
}

impl Udp for Paper {
    fn bind(&mut self, channel: UdpChannel, _: UdpUse) {
        self.deeds.push(Deed::Bound(channel.port));
    }
    fn unbind(&mut self, channel: UdpChannel) {
        self.deeds.push(Deed::Unbound(channel.port));
    }
    fn send_udp(&mut self, datagram: UdpDatagram) {
        self.deeds.push(Deed::Sent(datagram.payload));
    }
}

impl Journal for Paper {
    fn write(&mut self, _: Severity, line: &str) {
        self.deeds.push(Deed::Wrote(line.to_owned()));
    }
}

impl BfdBus for Paper {
    fn tell_supervisor(&mut self, message: FromBfd) {
        self.deeds.push(Deed::Said(message));
    }
    fn tell_trackers(&mut self, verdict: Verdict) {
        self.deeds.push(Deed::Told(verdict));
    }
}

const NEIGHBOUR: [u8; 4] = [192, 0, 2, 2];

fn configure(count: u8) -> ToBfd {
    let session = |number: u8| {
        let neighbour = IpAddr::from([192, 0, 2, number]);
        SessionConfig::plain(&format!("{}{number:03}", "x".repeat(28)), neighbour)
    };
    ToBfd::Configure(Box::new(Config { sessions: (2..count + 2).map(session).collect() }))
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn packet(state: SessionState, ours: u32) -> Arrival {
    let control = Control {
        diagnostic: Diagnostic::NONE,
        state,
        poll: false,
        is_final: false,
        independent: false,
        demand: false,
        multiplier: 3,
        my_discriminator: 9,
        your_discriminator: ours,
        desired_min_tx: 10_000,
        required_min_rx: 10_000,
        required_min_echo_rx: 0,
    };
    Arrival::UdpReceived(UdpDelivery {
        link: LinkIndex(2),
        source: SocketAddr::new(NEIGHBOUR.into(), 49_152),
        destination: SocketAddr::new([192, 0, 2, 1].into(), 3784),
        hop_limit: Some(255),
        at: Instant::NEVER,
        bytes: control.encode(),
    })
}

/// A worker with one session, its discriminator, and nothing on paper.
fn one() -> (Bfd<Paper>, u32) {
    let mut worker = Bfd::new(Paper::default(), 1);
    worker.hear(configure(1), at(0));
    let discriminator = worker.speaker.status(at(0)).sessions[0].discriminator;
    worker.machine_mut().deeds.clear();
    (worker, discriminator)
}

#[test]
fn a_configuration_is_performed_in_order_and_answered() {
    let mut worker = Bfd::new(Paper::default(), 1);
    assert_eq!(worker.deadline(), None);
    worker.hear(configure(1), at(0));
    let deeds = &worker.machine().deeds;
    let port = worker.speaker.status(at(0)).sessions[0].port;
    assert_eq!(deeds[..2], [Deed::Bound(3784), Deed::Bound(port)]);
    assert!(matches!(&deeds[2], Deed::Sent(bytes) if bytes.len() == 24));
    assert!(matches!(&deeds[3], Deed::Wrote(line) if line.ends_with("Remote diagnostic - No Diagnostic)")));
    assert_eq!(deeds[4], Deed::Said(FromBfd::Ready));
    assert_eq!(deeds.len(), 5);
    assert!(worker.deadline().unwrap() > at(0));
}

#[test]
fn trackers_hear_first_of_a_path_that_comes_and_goes() {
    let (mut worker, ours) = one();
    worker.arrive(packet(SessionState::Init, ours), at(5));
    assert!(
        matches!(&worker.machine().deeds[0], Deed::Told(verdict) if verdict.alive && verdict.at == at(5))
    );
    worker.machine_mut().deeds.clear();
    while worker.machine().deeds.iter().all(|deed| !matches!(deed, Deed::Told(_))) {
        let deadline = worker.deadline().unwrap();
        worker.machine_mut().deeds.clear();
        worker.arrive(Arrival::Woken, deadline);
    }
    // The detection time: 3 × 10 ms.
    assert!(
        matches!(&worker.machine().deeds[0], Deed::Told(verdict) if !verdict.alive && verdict.at == at(35))
    );
    assert!(matches!(&worker.machine().deeds[1], Deed::Sent(_)), "people hear of it last");
    assert_eq!(
        worker.machine().deeds[2],
        Deed::Wrote(format!("({}002) Expired after 30 ms (0 usec overdue)", "x".repeat(28)))
    );
}

#[test]
fn a_status_comes_in_pieces_that_fit_into_a_message() {
    for (count, expected) in [(0, vec![0]), (32, vec![32]), (100, vec![32, 32, 32, 4])] {
        let mut worker = Bfd::new(Paper::default(), 1);
        worker.hear(configure(count), at(0));
        worker.machine_mut().deeds.clear();
        worker.hear(ToBfd::TellStatus, at(1));
        let mut counts = Vec::new();
        let last = worker.machine().deeds.len() - 1;
        for (index, deed) in worker.machine().deeds.iter().enumerate() {
            let Deed::Said(message) = deed else { panic!("{deed:?}") };
            let bytes = encode(message, MAX_MESSAGE / 4 * 3).unwrap();
            assert_eq!(&decode::<FromBfd>(&bytes, MAX_MESSAGE).unwrap(), message);
            let FromBfd::Status { status, more } = message else { panic!("{message:?}") };
            assert_eq!(*more, index != last);
            counts.push(status.sessions.len());
        }
        assert_eq!(counts, expected);
    }
}

#[test]
fn a_stop_is_told_to_the_neighbour_and_final() {
    let (mut worker, ours) = one();
    worker.arrive(packet(SessionState::Init, ours), at(5));
    worker.machine_mut().deeds.clear();
    worker.hear(ToBfd::Stop, at(6));
    assert!(
        worker.machine().deeds.iter().any(|deed| matches!(deed, Deed::Sent(bytes) if bytes[1] >> 6 == 0))
    );
    assert!(!worker.is_finished());
    worker.machine_mut().deeds.clear();
    worker.hear(configure(1), at(7));
    assert_eq!(worker.machine().deeds, []);
    while !worker.is_finished() {
        let deadline = worker.deadline().unwrap();
        worker.arrive(Arrival::Woken, deadline);
    }
    assert_eq!(worker.now, at(6 + 50), "the detection time as the neighbour reckons it");
    assert!(worker.machine().deeds.contains(&Deed::Unbound(3784)));
    assert_eq!(worker.deadline(), None);
}

#[test]
fn nothing_that_comes_before_a_configuration_matters() {
    let mut worker = Bfd::new(Paper::default(), 1);
    let refusal = || Refusal { code: 19, why: "No such device".into() };
    let address = IpAddr::from(NEIGHBOUR);
    for arrival in [
        Arrival::Woken,
        Arrival::Unsent { tag: 7, refusal: refusal() },
        Arrival::UdpClosed { channel: UdpChannel { address, port: 3784 }, refusal: refusal() },
        Arrival::Deaf {
            channel: Channel { link: LinkIndex(9), address, protocol: host::Protocol::Vrrp },
            refusal: refusal(),
        },
        Arrival::Settled { ticket: Ticket(3), result: Err(refusal()) },
        Arrival::Surveyed { links: vec![], addresses: vec![], routes: vec![], rules: vec![] },
        Arrival::LinkRemoved(LinkIndex(3)),
    ] {
        worker.arrive(arrival, at(0));
    }
    assert_eq!(worker.machine().deeds, []);
    worker.arrive(packet(SessionState::Down, 0), at(0));
    assert!(matches!(worker.machine().deeds.as_slice(), [Deed::Wrote(_)]), "a stray packet is talked of");
}

#[test]
fn it_gives_a_sign_of_life_and_tells_trackers_that_come_what_it_knows() {
    let (mut worker, ours) = one();
    worker.hear(ToBfd::Ping, at(1));
    worker.tell_all(at(1));
    assert_eq!(worker.machine().deeds, [Deed::Said(FromBfd::Alive)]);
    worker.arrive(packet(SessionState::Init, ours), at(5));
    worker.machine_mut().deeds.clear();
    worker.tell_all(at(6));
    let deeds = &worker.machine().deeds;
    assert!(matches!(&deeds[..], [Deed::Told(verdict)] if verdict.alive && verdict.at == at(5)), "{deeds:?}");
}
