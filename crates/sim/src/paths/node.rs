//! One side of a path: a bfd worker on a machine that has nothing but UDP.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bfd::config::SessionConfig;
use bfd::{Config, Status, Verdict};
use host::{
    Family, Instant, Journal, LinkIndex, MacAddress, Severity, Udp, UdpChannel, UdpDatagram, UdpDelivery,
    UdpUse,
};
use worker::Bfd;
use worker::bus::{BfdBus, FromBfd, ToBfd};

/// The link of every node.
pub(super) const LINK: LinkIndex = LinkIndex(2);
/// What nodes are called.
pub(super) const NAMES: [&str; 2] = ["a", "b"];

/// A node's own address.
pub(super) fn address(node: usize, family: Family) -> IpAddr {
    let number = u8::try_from(node + 1).unwrap_or(u8::MAX);
    match family {
        Family::V4 => Ipv4Addr::new(192, 0, 2, number).into(),
        Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into()).into(),
    }
}

/// Something that a worker did.
#[derive(Debug)]
pub(crate) enum Effect {
    Send(UdpDatagram),
    /// It sent by a channel that it had not opened.
    Unsent(UdpChannel),
    Tell(Verdict),
    Line(String),
    /// A channel that somebody else has.
    Refused(UdpChannel),
}

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    number: usize,
    /// What its worker obeys.
    pub(super) config: SessionConfig,
    pub(super) worker: Option<Bfd<Machine>>,
    /// It was started, and not asked to stop since.
    pub(super) wanted: bool,
    /// The worker does not get any processor time.
    pub(super) paused: bool,
    /// Channels that will be refused.
    pub(super) refusals: u32,
    /// What the timer is set to, and when it rings.
    pub(super) timer: Option<(Instant, Instant)>,
    /// Counts workers, so that nothing meant for an earlier one reaches a later.
    pub(super) life: u64,
    /// What waits for a paused worker.
    pub(super) inbox: VecDeque<UdpDelivery>,
    pub(super) messages: Vec<ToBfd>,
}

impl Node {
    /// A node on which nothing runs.
    pub(super) const fn new(number: usize, config: SessionConfig) -> Self {
        Self {
            number,
            config,
            worker: None,
            wanted: false,
            paused: false,
            refusals: 0,
            timer: None,
            life: 0,
            inbox: VecDeque::new(),
            messages: Vec::new(),
        }
    }

    pub(super) fn mac(&self) -> MacAddress {
        MacAddress([2, 0, 0, 0, 0, u8::try_from(self.number).unwrap_or(u8::MAX)])
    }

    /// Its own address.
    pub(super) fn address(&self) -> IpAddr {
        address(self.number, Family::of(self.config.neighbour))
    }

    /// A worker starts that nobody has told anything.
    pub(super) fn start(&mut self, seed: u64, keeps_lines: bool) {
        self.worker = Some(Bfd::new(Machine::new(keeps_lines), seed));
        self.life += 1;
        self.timer = None;
    }

    /// The worker is gone, with what waited for it. False if there was none.
    pub(super) fn end(&mut self) -> bool {
        self.timer = None;
        self.inbox.clear();
        self.messages.clear();
        self.life += 1;
        self.worker.take().is_some()
    }

    /// What its worker is told to obey.
    pub(super) fn configure(&self) -> ToBfd {
        ToBfd::Configure(Box::new(Config { sessions: vec![self.config.clone()] }))
    }

    /// Whether a socket takes a packet in.
    pub(super) fn hears(&self, delivery: &UdpDelivery) -> bool {
        let channel = channel_of(delivery);
        let open = |worker: &Bfd<Machine>| worker.machine().hears(channel);
        let for_us = delivery.destination.ip() == self.address() && !self.has_refused(channel);
        for_us && self.worker.as_ref().is_some_and(open)
    }

    /// Whether a channel was refused, which the worker does not know yet.
    pub(super) fn has_refused(&self, channel: UdpChannel) -> bool {
        self.worker.as_ref().is_some_and(|worker| worker.machine().refused.contains(&channel))
    }

    /// The worker is told of a channel that was refused.
    pub(super) fn close(&mut self, channel: UdpChannel) {
        if let Some(worker) = &mut self.worker {
            worker.machine_mut().channels.remove(&channel);
            worker.machine_mut().refused.remove(&channel);
        }
    }

    /// What the worker did since this was last asked. A channel that it opened may be refused.
    pub(super) fn drain(&mut self, effects: &mut Vec<Effect>) {
        let Some(worker) = &mut self.worker else { return };
        let machine = worker.machine_mut();
        for channel in machine.drain(effects) {
            if self.refusals > 0 && machine.channels.contains_key(&channel) && machine.refused.insert(channel)
            {
                self.refusals -= 1;
                effects.push(Effect::Refused(channel));
            }
        }
    }

    /// How the worker stands.
    pub(super) fn status(&mut self, now: Instant) -> Option<Status> {
        let worker = self.worker.as_mut()?;
        worker.hear(ToBfd::TellStatus, now);
        worker.machine_mut().status.take()
    }
}

/// The machine of a node.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    channels: BTreeMap<UdpChannel, UdpUse>,
    /// Those of them that are not open after all.
    refused: BTreeSet<UdpChannel>,
    /// In this turn.
    opened: Vec<UdpChannel>,
    outbox: Vec<Effect>,
    status: Option<Status>,
    keeps_lines: bool,
}

impl Machine {
    /// A machine on which nothing is open yet.
    pub(crate) fn new(keeps_lines: bool) -> Self {
        Self { keeps_lines, ..Self::default() }
    }

    /// Whether a worker listens there.
    pub(crate) fn hears(&self, channel: UdpChannel) -> bool {
        self.channels.get(&channel) == Some(&UdpUse::Listen)
    }

    /// What the worker did since the last call goes to the end of `into`. The channels that it opened.
    pub(crate) fn drain(&mut self, into: &mut Vec<Effect>) -> Vec<UdpChannel> {
        into.append(&mut self.outbox);
        std::mem::take(&mut self.opened)
    }
}

/// The channel that a packet comes in by.
pub(crate) fn channel_of(delivery: &UdpDelivery) -> UdpChannel {
    let any: IpAddr = match delivery.destination.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpChannel { address: any, port: delivery.destination.port() }
}

impl Udp for Machine {
    fn bind(&mut self, channel: UdpChannel, purpose: UdpUse) {
        self.channels.insert(channel, purpose);
        self.opened.push(channel);
    }
    fn unbind(&mut self, channel: UdpChannel) {
        self.channels.remove(&channel);
        self.refused.remove(&channel);
    }
    fn send_udp(&mut self, datagram: UdpDatagram) {
        let effect = match self.channels.get(&datagram.from) {
            Some(_) => Effect::Send(datagram),
            None => Effect::Unsent(datagram.from),
        };
        self.outbox.push(effect);
    }
}

impl Journal for Machine {
    fn wants(&self, _: Severity) -> bool {
        self.keeps_lines
    }
    fn write(&mut self, _: Severity, line: &str) {
        self.outbox.push(Effect::Line(line.to_owned()));
    }
}

impl BfdBus for Machine {
    fn tell_supervisor(&mut self, message: FromBfd) {
        match message {
            FromBfd::Status { status, more: _ } => self.status = Some(*status),
            FromBfd::Ready | FromBfd::Alive => {}
        }
    }
    fn tell_trackers(&mut self, verdict: Verdict) {
        self.outbox.push(Effect::Tell(verdict));
    }
}
