//! The machine that an engine runs on: this host.

mod tide;

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use host::{
    Arrival, Channel, Datagram, Datagrams, Firewall, FirewallOp, Instant, IpvsOp, LinkIndex, Network,
    NetworkOp, Refusal, Ticket, Udp, UdpChannel, UdpDatagram, UdpUse, WallClock,
};

use crate::clock;
use crate::ipvs::Ipvs;
use crate::namespace::Namespace;
use crate::netlink::{Orders, Watch, refused};
use crate::packet_filter::PacketFilter;
use crate::poll::{self, Interest, Poll, Token, WaitError};
use crate::process;
use crate::socket::{Channels, Outbox, TURNS_UNTIL_EMPTY, UdpSockets};
use crate::virtual_links::VirtualLinks;
use tide::Tide;

/// Reading what is there takes less. A process that is stopped in between, as in a virtual machine that is paused, reads
/// what came long after its wait had ended: dated by that, the adverts of a living master would be too old to count.
const STOPPED: Duration = Duration::from_millis(5);

/// Tokens from here on are the machine's own.
const OWN: u32 = 1 << 31;
/// Those of UDP channels from here on.
const UDP: u32 = OWN | 1 << 30;
const WATCH: Token = Token(u32::MAX);
const ORDERS: Token = Token(u32::MAX - 1);
const FILTER: Token = Token(u32::MAX - 2);

/// By how much the clock on the wall must have been set to be told of; less may be the time between two looks.
const CLOCK_SET: Duration = Duration::from_millis(10);

/// This host: packets, links and addresses. It performs orders as they are given and tells what happened when it
/// is waited on.
///
/// Sockets are opened in the network namespace that the thread is in when they are needed: for one machine, that
/// must be the same all the time.
pub struct Machine {
    poll: Poll,
    watch: Watch,
    orders: Orders,
    virtual_links: VirtualLinks,
    packet_filter: PacketFilter,
    ipvs: Ipvs,
    channels: Channels,
    outbox: Outbox,
    /// The clock on the wall as it was told of last.
    wall: Option<WallClock>,
    udp: UdpSockets,
    tide: Tide,
    /// What happened while orders were performed.
    untold: VecDeque<Arrival>,
    signals: Vec<i32>,
    ready: Vec<Token>,
}

/// The machine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The loop could not be made.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// The kernel's routing socket could not be opened.
    #[error("cannot open a routing socket: {0}")]
    Netlink(#[source] io::Error),
}

impl OpenError {
    /// Whether it is for lack of a right, which trying again does not bring.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::Wait(_) => false,
            Self::Netlink(cause) => cause.kind() == io::ErrorKind::PermissionDenied,
        }
    }

    /// Whether it is for want of a descriptor or memory.
    pub fn is_shortage(&self) -> bool {
        let (Self::Wait(WaitError { cause, .. }) | Self::Netlink(cause)) = self;
        process::is_shortage(cause)
    }
}

impl Machine {
    /// Opens what every engine needs. Packets need CAP_NET_RAW and orders CAP_NET_ADMIN, but only when they come.
    pub fn open() -> Result<Self, OpenError> {
        let mut poll = Poll::new()?;
        let watch = Watch::open().map_err(OpenError::Netlink)?;
        let orders = Orders::open().map_err(OpenError::Netlink)?;
        let virtual_links = VirtualLinks::open().map_err(OpenError::Netlink)?;
        poll.watch(&watch, WATCH, Interest::Read)?;
        poll.watch(&orders, ORDERS, Interest::Read)?;
        Ok(Self {
            poll,
            watch,
            orders,
            virtual_links,
            packet_filter: PacketFilter::default(),
            ipvs: Ipvs::default(),
            channels: Channels::new(),
            outbox: Outbox::new(),
            wall: None,
            udp: UdpSockets::new(),
            tide: Tide::default(),
            untold: VecDeque::new(),
            signals: Vec::new(),
            ready: Vec::new(),
        })
    }

    /// Sets the receive buffers of the sockets for orders to the kernel and for news of it, where `Some`: bytes, and
    /// whether they may exceed the system's limit.
    pub fn size_netlink(&self, orders: Option<(u32, bool)>, news: Option<(u32, bool)>) -> io::Result<()> {
        if let Some((bytes, force)) = orders {
            self.orders.size(bytes, force)?;
        }
        news.map_or(Ok(()), |(bytes, force)| self.watch.size(bytes, force))
    }

    /// Links whose secondary addresses live on because an earlier life said so: they are as they were again when that is
    /// ordered, or at [`Machine::restore`].
    pub fn remember_promoted(&mut self, links: impl IntoIterator<Item = LinkIndex>) {
        self.virtual_links.remember_promoted(links);
    }

    /// Whether [`NetworkOp::Promote`] would change a link.
    pub fn would_promote(&mut self, link: LinkIndex) -> bool {
        self.virtual_links.would_promote(link).unwrap_or(false)
    }

    /// Puts settings of links back that an earlier life changed and nobody asked for since.
    pub fn restore(&mut self) {
        self.virtual_links.demote_all();
    }

    /// Gives orders to the IPVS of another namespace from now on; `None` is where the thread is when the first comes.
    pub fn place_ipvs(&mut self, namespace: Option<Namespace>) {
        self.ipvs.place(namespace);
    }

    /// Watches somebody else's descriptor: its token is told whenever something can be read from it. Tokens are
    /// below 2^31.
    pub fn watch(&mut self, descriptor: impl AsFd, token: Token) -> Result<(), WaitError> {
        debug_assert!(token.0 < OWN, "the token is the machine's own");
        self.poll.watch(descriptor, token, Interest::Read)
    }

    /// Changes what of a watched descriptor is waited for.
    pub fn rewatch(
        &mut self,
        descriptor: impl AsFd,
        token: Token,
        interest: Interest,
    ) -> Result<(), WaitError> {
        self.poll.rewatch(descriptor, token, interest)
    }

    /// Forgets somebody else's descriptor; to be called before it is closed.
    pub fn unwatch(&mut self, descriptor: impl AsFd) {
        self.poll.unwatch(descriptor);
    }

    /// Takes these signals (numbers as in [`crate::signal`]) out of their ordinary course; [`Machine::signals`]
    /// tells of them. A wait ends when one comes.
    pub fn catch(&mut self, signals: &[i32]) -> Result<(), WaitError> {
        self.poll.catch(signals)
    }

    /// The signals that came in since this was last asked.
    pub fn signals(&mut self) -> Vec<i32> {
        std::mem::take(&mut self.signals)
    }

    /// Performs what is still waiting, then waits until something happens or the deadline has passed. What
    /// happened is appended to `arrivals`, and the tokens of foreign descriptors to `ready`. It may return with
    /// nothing of either. Returns when what it tells happened, as nearly as can be told: when the host received the
    /// packets, if there is nothing else, or when the wait ended.
    ///
    /// The first wait tells [`Arrival::ClockSet`] and [`Arrival::Surveyed`]. Packets come before the
    /// [`Arrival::Woken`] that expired with them: a packet that was there in time beats the timer.
    pub fn wait(
        &mut self,
        deadline: Option<Instant>,
        arrivals: &mut Vec<Arrival>,
        ready: &mut Vec<Token>,
    ) -> Result<Instant, WaitError> {
        let before = arrivals.len();
        arrivals.extend(self.untold.drain(..));
        if self.wall.is_none() {
            self.mind_clock(arrivals);
        }
        self.outbox.flush(arrivals);
        self.orders.answers(arrivals);
        let burial = self.virtual_links.bury_due(arrivals);
        let deadline = deadline.into_iter().chain(burial).min();
        if self.watch.is_due() {
            self.follow(arrivals)?;
        }
        // What is to be told already must not wait for what may come.
        let mut woken = if arrivals.len() > before {
            self.poll.peek(deadline, &mut self.ready)?
        } else {
            if let Some(pause) = self.tide.pause(clock::now(), deadline) {
                self.poll.rest(pause);
            }
            self.poll.wait(deadline, &mut self.ready)?
        };
        self.mind_clock(arrivals);
        self.channels.take_more();
        self.serve(arrivals, ready)?;
        if woken.expired {
            woken.signalled |= self.catch_up(deadline, woken.more, arrivals, ready)?;
            arrivals.push(Arrival::Woken);
        }
        if woken.signalled {
            self.signals.append(&mut self.poll.signals());
        }
        // Taken whether it serves or not: it is of this wait only.
        let stamp = self.channels.last_packet();
        let read = clock::now();
        let packets = arrivals.iter().filter(|arrival| matches!(arrival, Arrival::Received(_))).count();
        self.tide.count(packets, read);
        if read.since(woken.at) >= STOPPED {
            return Ok(read);
        }
        Ok(match stamp {
            Some(_) if ready.is_empty() && packets == arrivals.len() => {
                clock::Moment::present().placed(stamp).min(woken.at)
            }
            Some(_) | None => woken.at,
        })
    }

    /// Takes in what was there at a deadline that has passed and has not been read: packets behind many others, and
    /// descriptors that did not fit into one answer of the kernel. Under a flood all of them are always ready, so it ends
    /// when as many have been read as can have waited. Returns whether signals came in meanwhile.
    fn catch_up(
        &mut self,
        deadline: Option<Instant>,
        mut more: bool,
        arrivals: &mut Vec<Arrival>,
        ready: &mut Vec<Token>,
    ) -> Result<bool, WaitError> {
        let mut signalled = false;
        let answers = 1 + (self.channels.count() + self.udp.count()) / poll::EVENTS;
        for _ in 0..answers * TURNS_UNTIL_EMPTY {
            if !more && !self.channels.take_more() {
                break;
            }
            let again = self.poll.peek(deadline, &mut self.ready)?;
            (signalled, more) = (signalled || again.signalled, again.more);
            self.serve(arrivals, ready)?;
        }
        Ok(signalled)
    }

    /// Tells of the clock on the wall when it was set. Nobody is woken for that: only packets are dated by it.
    fn mind_clock(&mut self, arrivals: &mut Vec<Arrival>) {
        let wall = clock::on_the_wall();
        if self.wall.is_none_or(|told| told.difference(wall) >= CLOCK_SET) {
            self.wall = Some(wall);
            arrivals.push(Arrival::ClockSet(wall));
        }
    }

    /// Reads what is ready.
    fn serve(&mut self, arrivals: &mut Vec<Arrival>, ready: &mut Vec<Token>) -> Result<(), WaitError> {
        for token in std::mem::take(&mut self.ready) {
            match token {
                WATCH => self.follow(arrivals)?,
                ORDERS => self.orders.answers(arrivals),
                FILTER => self.packet_filter.follow(),
                Token(slot @ UDP..) => self.udp.receive(slot - UDP, arrivals),
                Token(slot @ OWN..) => self.channels.receive(slot - OWN, arrivals),
                foreign if ready.contains(&foreign) => {}
                foreign => ready.push(foreign),
            }
        }
        Ok(())
    }

    fn follow(&mut self, arrivals: &mut Vec<Arrival>) -> Result<(), WaitError> {
        let before = arrivals.len();
        self.watch.follow(arrivals).map_err(WaitError::when("read the kernel's links and addresses"))?;
        for arrival in &arrivals[before..] {
            if let Arrival::LinkRemoved(link) = arrival {
                self.outbox.forget(*link);
                self.udp.forget(*link);
                self.virtual_links.gone(*link);
            }
        }
        for (link, domain) in self.watch.moved() {
            self.virtual_links.follow(link, domain);
        }
        Ok(())
    }

    /// Answers an order that was carried out at once, after those that were given before it.
    fn answer(&mut self, ticket: Ticket, result: Result<(), Refusal>, arrivals: &mut Vec<Arrival>) {
        self.orders.answers(arrivals);
        arrivals.push(Arrival::Settled { ticket, result });
    }

    /// Performs something that may have something to tell at once.
    fn noting(&mut self, perform: impl FnOnce(&mut Self, &mut Vec<Arrival>)) {
        let mut arrivals = Vec::new();
        perform(self, &mut arrivals);
        self.untold.extend(arrivals);
    }
}

impl Datagrams for Machine {
    fn listen(&mut self, channel: Channel, vrids: &[u8]) {
        let opened = match self.channels.listen(channel, vrids) {
            Ok(Some((slot, socket))) => {
                self.outbox.prepare(channel.family(), channel.link);
                self.poll.watch(socket, Token(OWN + slot), Interest::Read).map_err(io::Error::other)
            }
            Ok(None) => Ok(()),
            Err(cause) => Err(cause),
        };
        if let Err(cause) = opened {
            self.channels.ignore(&channel);
            self.untold.push_back(Arrival::Deaf { channel, refusal: refused(&cause) });
        }
    }

    fn size(&mut self, channel: Channel, bytes: u32) {
        self.channels.size(&channel, bytes);
    }

    fn ignore(&mut self, channel: Channel) {
        self.channels.ignore(&channel);
    }

    fn send(&mut self, datagram: Datagram) {
        self.noting(|machine, arrivals| machine.outbox.put(datagram, arrivals));
    }

    fn dispatch(&mut self) {
        self.noting(|machine, arrivals| machine.outbox.flush(arrivals));
    }
}

impl Udp for Machine {
    fn bind(&mut self, channel: UdpChannel, purpose: UdpUse) {
        let opened = match self.udp.bind(channel, purpose) {
            Ok(Some((slot, socket))) => {
                self.poll.watch(socket, Token(UDP + slot), Interest::Read).map_err(io::Error::other)
            }
            Ok(None) => Ok(()),
            Err(cause) => Err(cause),
        };
        if let Err(cause) = opened {
            self.udp.unbind(&channel);
            self.untold.push_back(Arrival::UdpClosed { channel, refusal: refused(&cause) });
        }
    }

    fn unbind(&mut self, channel: UdpChannel) {
        self.udp.unbind(&channel);
    }

    fn send_udp(&mut self, datagram: UdpDatagram) {
        if let Err(refusal) = self.udp.send(&datagram) {
            self.untold.push_back(Arrival::Unsent { tag: datagram.tag, refusal });
        }
    }
}

impl Network for Machine {
    fn submit(&mut self, ticket: Ticket, op: NetworkOp) {
        self.noting(|machine, arrivals| {
            // The order of performance is the order of calls.
            machine.outbox.flush(arrivals);
            if let NetworkOp::AddAddress(address) = &op
                && address.prefix.family() == host::Family::V6
            {
                machine.virtual_links.wake(address.link);
            }
            match &op {
                NetworkOp::AddLink(link) => {
                    let result = machine.virtual_links.add(link, arrivals);
                    machine.answer(ticket, result, arrivals);
                }
                NetworkOp::Promote(link) => {
                    let result = machine.virtual_links.promote(*link);
                    machine.answer(ticket, result, arrivals);
                }
                NetworkOp::Demote(link) => {
                    machine.virtual_links.demote(*link);
                    machine.answer(ticket, Ok(()), arrivals);
                }
                NetworkOp::RemoveLink(name) => machine.virtual_links.doom(ticket, name, arrivals),
                NetworkOp::AddAddress(_)
                | NetworkOp::RenewAddress(_)
                | NetworkOp::RemoveAddress(_)
                | NetworkOp::AddRoute(_)
                | NetworkOp::RemoveRoute(_)
                | NetworkOp::AddRule(_)
                | NetworkOp::RemoveRule(_) => machine.orders.submit(ticket, op, arrivals),
            }
        });
    }
}

impl Firewall for Machine {
    fn filter(&mut self, ticket: Ticket, op: FirewallOp) {
        self.noting(|machine, arrivals| {
            machine.outbox.flush(arrivals);
            let watched = machine.packet_filter.removals().is_some();
            let result = machine.packet_filter.perform(&op);
            if let (false, Some(removals)) = (watched, machine.packet_filter.removals()) {
                // Unwatched, the table is put back at the next change.
                let _ = machine.poll.watch(removals, FILTER, Interest::Read);
            }
            machine.answer(ticket, result, arrivals);
        });
    }
}

impl host::Ipvs for Machine {
    fn balance(&mut self, ticket: Ticket, op: IpvsOp) {
        self.noting(|machine, arrivals| {
            machine.outbox.flush(arrivals);
            let result = machine.ipvs.perform(&op);
            machine.answer(ticket, result, arrivals);
        });
    }

    fn survey_ipvs(&mut self) {
        let survey = self.ipvs.survey();
        self.untold.push_back(Arrival::IpvsSurveyed(survey));
    }
}

#[cfg(test)]
mod tests;
