//! Surveying links and addresses, and following their changes.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use host::{Arrival, Link, LinkAddress, LinkIndex};
use netlink_packet_core::Emitable;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};

use super::{
    BUFFER, Message, NLM_F_DUMP, NLM_F_REQUEST, RTM_GETADDR, RTM_GETLINK, Said, address, framed, link,
    messages,
};

/// RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_NETCONF.
const GROUPS: [u32; 4] = [1, 5, 9, 25];
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
    links: Vec<Link>,
    addresses: Vec<LinkAddress>,
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
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        let buffer = Vec::with_capacity(BUFFER);
        Ok(Self { socket, sequence: 0, links: BTreeMap::new(), is_due: true, buffer })
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
        Ok(())
    }

    /// Asks for everything. The kernel answers as fast as it is read, so this waits for nothing.
    fn survey(&mut self, arrivals: &mut Vec<Arrival>) -> io::Result<()> {
        let mut survey = Survey::default();
        for _ in 0..SURVEYS {
            // What was told before the question is part of the answer.
            while matches!(self.read(DATAGRAMS_A_TURN, |_| {})?, Read::Enough | Read::Lost) {}
            survey = Survey::default();
            self.ask(RTM_GETLINK, &link::ask(), &mut survey)?;
            self.ask(RTM_GETADDR, &address::ask(), &mut survey)?;
            if survey.changes.is_empty() && !survey.is_torn {
                break;
            }
        }
        for link in &mut survey.links {
            link.ipv6_router = link::forwards_ipv6(&link.name);
        }
        self.links = survey.links.iter().map(|link| (link.index, link.clone())).collect();
        self.is_due = false;
        let addresses = survey.addresses.into_iter().map(|one| self.without_default_label(one)).collect();
        // Routes and rules are not put yet, so none of ours are there.
        let (routes, rules) = (Vec::new(), Vec::new());
        arrivals.push(Arrival::Surveyed { links: survey.links, addresses, routes, rules });
        survey.changes.into_iter().for_each(|said| self.tell(said, arrivals));
        Ok(())
    }

    fn ask(&mut self, kind: u16, payload: &impl Emitable, survey: &mut Survey) -> io::Result<()> {
        let mut body = vec![0; payload.buffer_len()];
        payload.emit(&mut body);
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        let sequence = self.sequence;
        let bytes = framed(kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, &body);
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
                    Said::Link(link) if message.sequence == sequence => survey.links.push(link),
                    Said::Address(address) if message.sequence == sequence => survey.addresses.push(address),
                    said @ (Said::Link(_)
                    | Said::LinkGone(_)
                    | Said::Forwarding(..)
                    | Said::Address(_)
                    | Said::AddressGone(_)) => {
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
            Said::Link(mut link) => {
                // A link that is known already is asked for nothing: changes of this are told by themselves.
                link.ipv6_router = match self.links.get(&link.index) {
                    Some(known) => known.ipv6_router,
                    None => link::forwards_ipv6(&link.name),
                };
                if self.links.get(&link.index) != Some(&link) {
                    self.links.insert(link.index, link.clone());
                    arrivals.push(Arrival::LinkChanged(link));
                }
            }
            Said::LinkGone(index) => {
                self.links.remove(&index);
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
                arrivals.push(Arrival::AddressRemoved(self.without_default_label(address)));
            }
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

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
