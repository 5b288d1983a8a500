//! Surveying links, addresses, our routes and our policy rules, and following their changes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use host::{Arrival, Family, Link, LinkAddress, LinkIndex, RouteKey, Rule};
use netlink_packet_core::Emitable;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{SockFilter, SockRef};

use super::{
    BUFFER, KEEPALIVED, Message, NLM_F_DUMP, NLM_F_MULTI, NLM_F_REPLACE, NLM_F_REQUEST, RTM_DELROUTE,
    RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE, RTM_GETRULE, RTM_NEWROUTE, Said, address, framed, link, messages,
    route, rule,
};

/// RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_IFADDR,
/// RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV6_NETCONF.
const GROUPS: [u32; 8] = [1, 5, 7, 8, 9, 11, 19, 25];
/// Some ten thousand changes; the kernel takes the memory only when they wait.
const RECEIVE_BUFFER: usize = 8 * 1024 * 1024;
/// Changes come while a survey is made; it is made again at most this often until none do.
const SURVEYS: usize = 5;
/// Datagrams read in one turn, one change each: a storm of changes must not hold up an advert.
const DATAGRAMS_A_TURN: usize = 256;

/// The socket that tells of changes.
pub(crate) struct Watch {
    socket: Socket,
    sequence: u32,
    /// What was told last of each link, so that a message that changes nothing wakes no engine.
    links: BTreeMap<LinkIndex, Link>,
    /// The routing domains of links that are in one, and links that changed theirs since this was last asked.
    domains: BTreeMap<LinkIndex, LinkIndex>,
    moved: Vec<(LinkIndex, Option<LinkIndex>)>,
    /// Our routes, as far as the kernel has told.
    routes: BTreeSet<RouteKey>,
    /// IPv4 routes may be gone of which the kernel says nothing.
    in_doubt: bool,
    /// Nothing was surveyed yet, or changes were lost.
    is_due: bool,
    buffer: Vec<u8>,
}

/// What ended the reading of a socket.
enum Read {
    Emptied,
    /// The bound of the turn is reached; there may be more.
    Enough,
    /// The kernel had to drop messages.
    Lost,
}

#[derive(Default)]
struct Survey {
    links: Vec<(Link, Option<LinkIndex>)>,
    addresses: Vec<LinkAddress>,
    routes: BTreeSet<RouteKey>,
    rules: Vec<Rule>,
    /// Changes that came in between.
    changes: Vec<Said>,
    /// The kernel says that it contradicts itself, or messages were lost.
    is_torn: bool,
}

impl Watch {
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        // Without CAP_NET_ADMIN the buffer stays as it is, and changes are lost sooner: a survey follows then.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER);
        // Questions are checked strictly and answered exactly; old kernels do not know the option.
        let _ = socket.set_netlink_get_strict_chk(true);
        // Without it the worker wakes more often than it must.
        let _ = SockRef::from(&socket).attach_filter(&filter());
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        Ok(Self {
            socket,
            sequence: 0,
            links: BTreeMap::new(),
            domains: BTreeMap::new(),
            moved: Vec::new(),
            routes: BTreeSet::new(),
            in_doubt: false,
            is_due: true,
            buffer: Vec::with_capacity(BUFFER),
        })
    }

    /// Sets how many bytes of changes may wait.
    pub(crate) fn size(&self, bytes: u32, force: bool) -> io::Result<()> {
        super::size(&self.socket, bytes, force)
    }

    /// Whether a survey must be made before anything else is told.
    pub(crate) fn is_due(&self) -> bool {
        self.is_due
    }

    /// Surveys if that is due, then reads what changed.
    pub(crate) fn follow(&mut self, arrivals: &mut Vec<Arrival>) -> io::Result<()> {
        if self.is_due {
            self.survey(arrivals)?;
        }
        let mut changes = Vec::new();
        match self.read(DATAGRAMS_A_TURN, |message| changes.push(message.said))? {
            Read::Emptied | Read::Enough => changes.into_iter().for_each(|said| self.tell(said, arrivals)),
            // What was read tells less than what is to come.
            Read::Lost => {
                self.is_due = true;
                self.survey(arrivals)?;
            }
        }
        if std::mem::take(&mut self.in_doubt) && self.routes.iter().any(is_ipv4) {
            self.recount(arrivals)?;
        }
        Ok(())
    }

    /// Asks for our IPv4 routes alone and tells which of them are gone.
    fn recount(&mut self, arrivals: &mut Vec<Arrival>) -> io::Result<()> {
        let mut survey = Survey::default();
        self.ask_if_known(RTM_GETROUTE, &route::ask(Family::V4, KEEPALIVED), &mut survey)?;
        if survey.is_torn {
            // Whatever tore it is told too, and this is done again then.
            self.in_doubt = true;
        } else {
            let gone = |key: &&RouteKey| is_ipv4(key) && !survey.routes.contains(key);
            let gone: Vec<RouteKey> = self.routes.iter().filter(gone).copied().collect();
            for key in gone {
                self.tell(Said::RouteGone(key), arrivals);
            }
        }
        survey.changes.into_iter().for_each(|said| self.tell(said, arrivals));
        Ok(())
    }

    /// The links that changed their routing domain since this was last asked, and what it is now.
    pub(crate) fn moved(&mut self) -> Vec<(LinkIndex, Option<LinkIndex>)> {
        std::mem::take(&mut self.moved)
    }

    fn note_domain(&mut self, link: LinkIndex, domain: Option<LinkIndex>) {
        let before = match domain {
            Some(domain) => self.domains.insert(link, domain),
            None => self.domains.remove(&link),
        };
        if before != domain {
            self.moved.push((link, domain));
        }
    }

    /// Asks for everything. The kernel answers as fast as it is read, so this waits for nothing.
    fn survey(&mut self, arrivals: &mut Vec<Arrival>) -> io::Result<()> {
        let mut survey = Survey::default();
        for _ in 0..SURVEYS {
            // What was told before the question is part of the answer.
            while matches!(self.read(DATAGRAMS_A_TURN, |_| {})?, Read::Enough | Read::Lost) {}
            survey = Survey::default();
            self.ask(RTM_GETLINK, &emitted(&link::ask()), &mut survey)?;
            self.ask(RTM_GETADDR, &emitted(&address::ask()), &mut survey)?;
            for family in [Family::V4, Family::V6] {
                self.ask_if_known(RTM_GETROUTE, &route::ask(family, KEEPALIVED), &mut survey)?;
            }
            self.ask_if_known(RTM_GETRULE, &rule::ask(), &mut survey)?;
            if survey.changes.is_empty() && !survey.is_torn {
                break;
            }
        }
        let mut links = Vec::with_capacity(survey.links.len());
        for (mut link, domain) in survey.links {
            link.ipv6_router = link::forwards_ipv6(&link.name);
            self.note_domain(link.index, domain);
            links.push(link);
        }
        self.links = links.iter().map(|link| (link.index, link.clone())).collect();
        self.is_due = false;
        let addresses = survey.addresses.into_iter().map(|one| self.without_default_label(one)).collect();
        self.routes.clone_from(&survey.routes);
        self.in_doubt = false;
        let routes = survey.routes.into_iter().collect();
        arrivals.push(Arrival::Surveyed { links, addresses, routes, rules: survey.rules });
        survey.changes.into_iter().for_each(|said| self.tell(said, arrivals));
        Ok(())
    }

    /// Asks for something that the kernel may have been built without; then there is none of it.
    fn ask_if_known(&mut self, kind: u16, body: &[u8], survey: &mut Survey) -> io::Result<()> {
        match self.ask(kind, body, survey) {
            Err(cause) if matches!(cause.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EAFNOSUPPORT)) => {
                Ok(())
            }
            result => result,
        }
    }

    fn ask(&mut self, kind: u16, body: &[u8], survey: &mut Survey) -> io::Result<()> {
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        let sequence = self.sequence;
        let bytes = framed(kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, body);
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0)?;
        let mut end = None;
        while end.is_none() {
            let read = self.read(1, |message| {
                survey.is_torn |= message.interrupted;
                match message.said {
                    Said::Done if message.sequence == sequence => end = Some(Ok(())),
                    Said::Answer(Err(refusal)) if message.sequence == sequence => {
                        end = Some(Err(io::Error::from_raw_os_error(refusal.code)));
                    }
                    Said::Link(link, domain) if message.sequence == sequence => {
                        survey.links.push((link, domain))
                    }
                    Said::Address(address) if message.sequence == sequence => survey.addresses.push(address),
                    Said::Route(key) if message.sequence == sequence => {
                        survey.routes.insert(key);
                    }
                    Said::Rule(rule) if message.sequence == sequence => survey.rules.push(*rule),
                    said @ (Said::Link(..)
                    | Said::LinkGone(_)
                    | Said::Forwarding(..)
                    | Said::Address(_)
                    | Said::AddressGone(_)
                    | Said::Route(_)
                    | Said::RouteGone(_)
                    | Said::Rule(_)
                    | Said::RuleGone(_)) => {
                        survey.changes.push(said);
                    }
                    Said::Done | Said::Answer(_) | Said::Other => {}
                }
            })?;
            match read {
                Read::Enough => {}
                Read::Lost => survey.is_torn = true,
                // The kernel puts the next part of an answer in place when the last one is read. None there and
                // none to come: the answer ended without saying so.
                Read::Emptied if end.is_none() => end = Some(Err(io::ErrorKind::UnexpectedEof.into())),
                Read::Emptied => {}
            }
        }
        end.unwrap_or(Ok(()))
    }

    /// Reads datagrams of the kernel, at most `most`.
    fn read(&mut self, most: usize, mut each: impl FnMut(Message)) -> io::Result<Read> {
        for _ in 0..most {
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, libc::MSG_DONTWAIT) {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok(_) => messages(&self.buffer).for_each(&mut each),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return Ok(Read::Emptied),
                Err(cause) if cause.raw_os_error() == Some(libc::ENOBUFS) => return Ok(Read::Lost),
                Err(cause) => return Err(cause),
            }
        }
        Ok(Read::Enough)
    }

    fn tell(&mut self, said: Said, arrivals: &mut Vec<Arrival>) {
        match said {
            Said::Link(mut link, domain) => {
                self.note_domain(link.index, domain);
                // A link that is known already is asked for nothing: changes of this are told by themselves.
                link.ipv6_router = match self.links.get(&link.index) {
                    Some(known) => known.ipv6_router,
                    None => link::forwards_ipv6(&link.name),
                };
                self.in_doubt |= !link.admin_up;
                if self.links.get(&link.index) != Some(&link) {
                    self.links.insert(link.index, link.clone());
                    arrivals.push(Arrival::LinkChanged(link));
                }
            }
            Said::LinkGone(index) => {
                self.in_doubt = true;
                self.links.remove(&index);
                self.domains.remove(&index);
                arrivals.push(Arrival::LinkRemoved(index));
            }
            Said::Forwarding(index, does) => {
                if let Some(link) = self.links.get_mut(&index).filter(|link| link.ipv6_router != does) {
                    link.ipv6_router = does;
                    arrivals.push(Arrival::LinkChanged(link.clone()));
                }
            }
            Said::Address(address) => {
                arrivals.push(Arrival::AddressAdded(self.without_default_label(address)))
            }
            Said::AddressGone(address) => {
                self.in_doubt = true;
                arrivals.push(Arrival::AddressRemoved(self.without_default_label(address)));
            }
            Said::Route(key) => {
                self.routes.insert(key);
                arrivals.push(Arrival::RouteAdded(key));
            }
            Said::RouteGone(key) => {
                if self.routes.remove(&key) {
                    arrivals.push(Arrival::RouteRemoved(key));
                }
            }
            Said::Rule(rule) => arrivals.push(Arrival::RuleAdded(*rule)),
            Said::RuleGone(rule) => arrivals.push(Arrival::RuleRemoved(*rule)),
            Said::Done | Said::Answer(_) | Said::Other => {}
        }
    }

    /// An IPv4 address that was put without a label has its link's name for one.
    fn without_default_label(&self, mut address: LinkAddress) -> LinkAddress {
        let link = self.links.get(&address.link);
        address.label = address.label.filter(|label| link.is_none_or(|link| link.name.as_str() != label));
        address
    }
}

fn is_ipv4(key: &RouteKey) -> bool {
    key.destination.family() == Family::V4
}

fn emitted(payload: &impl Emitable) -> Vec<u8> {
    let mut body = vec![0; payload.buffer_len()];
    payload.emit(&mut body);
    body
}

/// Lets changes of others' routes pass only if one may have taken the place of ours: where a routing daemon holds a
/// million of them, the worker must not wake for each. What belongs to a dump passes, since the first message of a
/// datagram speaks for all in it.
///
/// Classic BPF (linux/filter.h) reads big-endian, the kernel writes the header in the host's order.
fn filter() -> [SockFilter; 9] {
    const LOAD_HALF: u16 = 0x28;
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const JUMP_IF_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    // struct nlmsghdr: length (4), type (2), flags (2); then struct rtmsg.
    const TYPE: u32 = 4;
    const FLAGS: u32 = 6;
    const PROTOCOL: u32 = 16 + 5;
    let seen = |value: u16| u32::from(value.to_be());
    [
        SockFilter::new(LOAD_HALF, 0, 0, TYPE),
        SockFilter::new(JUMP_IF_EQUAL, 1, 0, seen(RTM_NEWROUTE)),
        SockFilter::new(JUMP_IF_EQUAL, 0, 4, seen(RTM_DELROUTE)),
        SockFilter::new(LOAD_HALF, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_SET, 2, 0, seen(NLM_F_MULTI | NLM_F_REPLACE)),
        SockFilter::new(LOAD_BYTE, 0, 0, PROTOCOL),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, u32::from(KEEPALIVED)),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
