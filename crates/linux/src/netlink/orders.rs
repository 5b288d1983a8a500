//! Handing orders to the kernel and reading its answers.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use host::{Arrival, Insertion, NetworkOp, Refusal, Ticket};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use super::{
    BUFFER, NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, RTM_DELADDR,
    RTM_DELROUTE, RTM_DELRULE, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE, Said, address, framed, messages,
    refusal, refused, route, rule,
};

/// Orders whose answers are not read yet. The kernel answers while the order is handed in, so more need not wait;
/// this many answers fit into the smallest socket buffer.
const MOST_UNANSWERED: usize = 64;

/// The socket that orders go through.
pub(crate) struct Orders {
    socket: Socket,
    sequence: u32,
    unanswered: VecDeque<Unanswered>,
    /// Whether the kernel keeps who put an address: unknown until it has accepted or refused to.
    tagging: Tagging,
    buffer: Vec<u8>,
}

struct Unanswered {
    sequence: u32,
    ticket: Ticket,
    op: NetworkOp,
}

#[derive(Clone, Copy, PartialEq)]
enum Tagging {
    Unknown,
    Works,
    Refused,
}

impl Orders {
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        // Words instead of numbers, and no copy of the request with each refusal. Old kernels know neither.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        Ok(Self {
            socket,
            sequence: 0,
            unanswered: VecDeque::with_capacity(MOST_UNANSWERED),
            tagging: Tagging::Unknown,
            buffer: Vec::with_capacity(BUFFER),
        })
    }

    /// Sets how many bytes of answers may wait.
    pub(crate) fn size(&self, bytes: u32, force: bool) -> io::Result<()> {
        super::size(&self.socket, bytes, force)
    }

    /// Hands an order in. Answers that had to be read to make room, and its own if it could not be handed in, are
    /// appended.
    pub(crate) fn submit(&mut self, ticket: Ticket, op: NetworkOp, arrivals: &mut Vec<Arrival>) {
        if self.unanswered.len() >= MOST_UNANSWERED {
            self.answers(arrivals);
        }
        self.hand_in(ticket, op, arrivals);
    }

    /// Reads all answers that have come.
    pub(crate) fn answers(&mut self, arrivals: &mut Vec<Arrival>) {
        while !self.unanswered.is_empty() {
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, libc::MSG_DONTWAIT) {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok(_) => {
                    let buffer = std::mem::take(&mut self.buffer);
                    for message in messages(&buffer) {
                        if let Said::Answer(result) = message.said {
                            self.settle(message.sequence, result, arrivals);
                        }
                    }
                    self.buffer = buffer;
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return,
                Err(cause) => {
                    // An answer was lost, and with it whether the order was carried out.
                    let lost = refused(&cause);
                    let settled =
                        self.unanswered.drain(..).map(|order| settled(order.ticket, Err(lost.clone())));
                    arrivals.extend(settled);
                    return;
                }
            }
        }
    }

    fn hand_in(&mut self, ticket: Ticket, op: NetworkOp, arrivals: &mut Vec<Arrival>) {
        // 0 is what the kernel puts on messages that answer nothing.
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        let Some(bytes) = request(&op, self.sequence, self.tagging != Tagging::Refused) else {
            let refusal = refusal(libc::EOPNOTSUPP, None);
            self.answers(arrivals);
            arrivals.push(settled(ticket, Err(refusal)));
            return;
        };
        match self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0) {
            Ok(_) => self.unanswered.push_back(Unanswered { sequence: self.sequence, ticket, op }),
            Err(cause) => {
                self.answers(arrivals);
                arrivals.push(settled(ticket, Err(refused(&cause))));
            }
        }
    }

    fn settle(&mut self, sequence: u32, result: Result<(), Refusal>, arrivals: &mut Vec<Arrival>) {
        let Some(at) = self.unanswered.iter().position(|order| order.sequence == sequence) else { return };
        let Some(Unanswered { ticket, op, .. }) = self.unanswered.remove(at) else { return };
        let adds = matches!(op, NetworkOp::AddAddress(_));
        match &result {
            Ok(()) if adds && self.tagging == Tagging::Unknown => self.tagging = Tagging::Works,
            Err(refusal) if adds && self.tagging == Tagging::Unknown && is_misunderstood(refusal) => {
                self.tagging = Tagging::Refused;
                return self.hand_in(ticket, op, arrivals);
            }
            Ok(()) | Err(_) => {}
        }
        arrivals.push(settled(ticket, forgiven(&op, result)));
    }
}

impl AsFd for Orders {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

const fn settled(ticket: Ticket, result: Result<(), Refusal>) -> Arrival {
    Arrival::Settled { ticket, result }
}

/// The message for an order; `None` for orders about links, which take several.
pub(super) fn request(op: &NetworkOp, sequence: u32, tagged: bool) -> Option<Vec<u8>> {
    Some(match op {
        NetworkOp::AddAddress(address) => {
            let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
            framed(RTM_NEWADDR, flags, sequence, &address::write(address, tagged))
        }
        NetworkOp::RenewAddress(address) => {
            let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE;
            framed(RTM_NEWADDR, flags, sequence, &address::write(address, tagged))
        }
        NetworkOp::RemoveAddress(address) => {
            framed(RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK, sequence, &address::write(address, false))
        }
        NetworkOp::AddRoute(route) => {
            let insertion = match route.insertion {
                Insertion::Prepend => 0,
                Insertion::Append => NLM_F_APPEND,
                Insertion::Exclusive => NLM_F_EXCL,
                Insertion::Replace => NLM_F_REPLACE,
            };
            let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | insertion;
            framed(RTM_NEWROUTE, flags, sequence, &route::write(route))
        }
        NetworkOp::RemoveRoute(route) => {
            framed(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, sequence, &route::write_removal(route))
        }
        NetworkOp::AddRule(rule) => {
            // Exclusive: else the kernel takes the same rule twice, and gives up one of the two only.
            let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
            framed(RTM_NEWRULE, flags, sequence, &rule::write(rule))
        }
        NetworkOp::RemoveRule(rule) => {
            framed(RTM_DELRULE, NLM_F_REQUEST | NLM_F_ACK, sequence, &rule::write(rule))
        }
        NetworkOp::AddLink(_) | NetworkOp::RemoveLink(_) | NetworkOp::Promote(_) | NetworkOp::Demote(_) => {
            return None;
        }
    })
}

/// What an order was for is so already: that is no refusal.
fn forgiven(op: &NetworkOp, result: Result<(), Refusal>) -> Result<(), Refusal> {
    let Err(refusal) = &result else { return result };
    let so_already = match op {
        NetworkOp::AddAddress(_) | NetworkOp::AddRoute(_) | NetworkOp::AddRule(_) => {
            refusal.code == libc::EEXIST
        }
        NetworkOp::RemoveRoute(_) => matches!(refusal.code, libc::ESRCH | libc::ENODEV),
        NetworkOp::RemoveRule(_) => refusal.code == libc::ENOENT,
        NetworkOp::RenewAddress(_)
        | NetworkOp::AddLink(_)
        | NetworkOp::RemoveLink(_)
        | NetworkOp::Promote(_)
        | NetworkOp::Demote(_) => false,
        NetworkOp::RemoveAddress(_) => matches!(refusal.code, libc::EADDRNOTAVAIL | libc::ENODEV),
    };
    if so_already { Ok(()) } else { result }
}

/// Whether a refusal may mean that the kernel does not know an attribute.
fn is_misunderstood(refusal: &Refusal) -> bool {
    matches!(refusal.code, libc::EINVAL | libc::EOPNOTSUPP)
}

#[cfg(test)]
mod tests {
    use host::{LinkAddress, LinkIndex, Prefix};

    use super::*;
    use crate::namespace::Namespace;
    use crate::netlink::KEEPALIVED;
    use crate::netlink::tests::protocols;
    use crate::testbed::skipped;

    /// The kernel here understands the tag, so its refusal is played; what follows is the real kernel's.
    #[test]
    fn an_address_is_put_without_its_tag_where_the_kernel_refuses_that() {
        if skipped("an_address_is_put_without_its_tag_where_the_kernel_refuses_that") {
            return;
        }
        let test = || {
            let prefix = |text: &str| Prefix::host(text.parse().unwrap());
            let add = |text| NetworkOp::AddAddress(LinkAddress::plain(LinkIndex(1), prefix(text)));
            let mut orders = Orders::open().unwrap();
            let mut arrivals = Vec::new();
            let sequence = orders.sequence + 1;
            orders.unanswered.push_back(Unanswered { sequence, ticket: Ticket(1), op: add("10.2.0.1") });
            orders.sequence = sequence;
            orders.settle(sequence, Err(refusal(libc::EINVAL, None)), &mut arrivals);
            assert_eq!(arrivals, [], "it is tried again");
            orders.submit(Ticket(2), add("10.2.0.2"), &mut arrivals);
            orders.answers(&mut arrivals);
            assert_eq!(arrivals, [settled(Ticket(1), Ok(())), settled(Ticket(2), Ok(()))]);
            let tags: Vec<_> = protocols()
                .into_iter()
                .filter(|(address, _)| address.to_string().starts_with("10.2."))
                .map(|(_, tag)| tag)
                .collect();
            assert!(tags.len() == 2 && !tags.contains(&Some(KEEPALIVED)), "{tags:?}");
        };
        Namespace::create().unwrap().run(test).unwrap();
    }

    #[test]
    fn an_error_is_told_as_such_once_the_kernel_is_known_to_understand_the_tag() {
        let mut orders = Orders::open().unwrap();
        orders.tagging = Tagging::Works;
        let op = NetworkOp::AddAddress(LinkAddress::plain(
            LinkIndex(1),
            Prefix::host("10.2.0.1".parse().unwrap()),
        ));
        orders.unanswered.push_back(Unanswered { sequence: 1, ticket: Ticket(1), op });
        let mut arrivals = Vec::new();
        orders.settle(1, Err(refusal(libc::EINVAL, None)), &mut arrivals);
        assert_eq!(arrivals, [settled(Ticket(1), Err(refusal(libc::EINVAL, None)))]);
    }
}
