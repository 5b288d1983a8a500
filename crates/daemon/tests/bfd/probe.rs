//! A client that asks an address again and again, and hosts that answer.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::netns::clock::{Stamp, sleep};
use crate::netns::lab::Host;
use crate::netns::record::{Record, Seen, TURN};

/// Where hosts answer.
const PORT: u16 = 7007;
/// How often the client asks.
const EVERY: Duration = Duration::from_millis(1);

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// When it was asked for.
    asked: Stamp,
    /// When it came.
    pub(crate) at: Stamp,
}

impl Seen for Answer {
    fn at(&self) -> Stamp {
        self.at
    }
}

/// A host that sends back what it is sent, on all its addresses.
pub(crate) struct Echo(#[expect(dead_code, reason = "it works as long as it lives")] Record<Answer>);

impl Echo {
    /// Starts it.
    pub(crate) fn start(host: &Host) -> Echo {
        let socket = host.namespace.inside(|| UdpSocket::bind(("0.0.0.0", PORT))).expect("the port is free");
        socket.set_read_timeout(Some(TURN)).expect("it is not zero");
        Echo(Record::start(move || {
            let mut bytes = [0; 8];
            if let Ok((length, from)) = socket.recv_from(&mut bytes) {
                // A client that cannot be reached gets no answer.
                let _ = socket.send_to(&bytes[..length], from);
            }
            Vec::new()
        }))
    }
}

/// A client that asks an address each millisecond.
pub(crate) struct Probe(Record<Answer>);

impl Probe {
    /// Starts it on a host.
    pub(crate) fn start(host: &Host, address: IpAddr) -> Probe {
        let socket = host.namespace.inside(|| UdpSocket::bind(("0.0.0.0", 0))).expect("a port is free");
        socket.set_nonblocking(true).expect("a socket knows how not to wait");
        let to = SocketAddr::new(address, PORT);
        let mut asked: Vec<Stamp> = Vec::new();
        Probe(Record::start(move || {
            let number = u64::try_from(asked.len()).expect("they fit into memory").to_be_bytes();
            asked.push(Stamp::now());
            // As long as nobody has the address it cannot be asked.
            let _ = socket.send_to(&number, to);
            sleep(EVERY);
            let mut answers = Vec::new();
            let mut bytes = [0; 8];
            while let Ok((8, _)) = socket.recv_from(&mut bytes) {
                let number = usize::try_from(u64::from_be_bytes(bytes)).unwrap_or(usize::MAX);
                answers.extend(asked.get(number).map(|asked| Answer { asked: *asked, at: Stamp::now() }));
            }
            answers
        }))
    }

    /// The first answer to what was asked after a moment.
    pub(crate) fn answered_after(&self, moment: Stamp, within: Duration) -> Option<Answer> {
        self.0.wait(moment, within, |answer| answer.asked > moment)
    }

    /// The longest time in seconds from one answer to the next since a moment.
    pub(crate) fn longest_silence(&self, since: Stamp) -> f64 {
        let answers = self.0.all(|answer| answer.at >= since);
        let steps = answers.windows(2).map(|pair| pair[1].at.since(pair[0].at));
        let last = answers.last().map_or(since, |answer| answer.at);
        steps.fold(Stamp::now().since(last), f64::max)
    }
}
