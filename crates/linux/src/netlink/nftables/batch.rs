//! Batches: messages that the kernel carries out all or not at all.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use host::{Family, Refusal};
use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::sys::socket::{setsockopt, sockopt};

use super::super::attributes::Attributes;
use super::super::{
    BUFFER, HEADER, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR, aligned, answer, attributes_of, family_number,
    framed, refusal, refused, text,
};

pub(super) use super::super::{NLM_F_APPEND, NLM_F_CREATE};

/// The subsystem's number, and the messages that begin and end a batch (linux/netfilter/nfnetlink.h).
const NFNL_SUBSYS_NFTABLES: u8 = 10;
const NFNL_MSG_BATCH_BEGIN: u16 = 16;
const NFNL_MSG_BATCH_END: u16 = 17;
/// `NFNLGRP_NFTABLES`, `NFT_MSG_DELTABLE` of it, and the attribute with a table's name, after `struct nfgenmsg`.
const NFNLGRP_NFTABLES: u32 = 7;
const DELTABLE: u16 = u16::from_be_bytes([NFNL_SUBSYS_NFTABLES, 2]);
const NFTA_TABLE_NAME: u16 = 1;
const GENERIC_HEADER: usize = 4;
/// Datagrams read in one turn: others may change their rules as they like, adverts come first.
const DATAGRAMS_A_TURN: usize = 64;
/// Room for a batch of some hundred thousand addresses, and for as many answers.
const SOCKET_BUFFER: usize = 16 * 1024 * 1024;

/// A message of a batch.
#[derive(Debug)]
pub(crate) struct Message {
    kind: u16,
    flags: u16,
    payload: Vec<u8>,
}

impl Message {
    pub(super) fn new(kind: u8, flags: u16, family: Family, write: impl FnOnce(&mut Attributes)) -> Self {
        // struct nfgenmsg: family, version, resource.
        let mut put = Attributes::after(&[family_number(family), 0, 0, 0]);
        write(&mut put);
        let kind = u16::from_be_bytes([NFNL_SUBSYS_NFTABLES, kind]);
        Self { kind, flags: NLM_F_REQUEST | NLM_F_ACK | flags, payload: put.into_bytes() }
    }

    /// Bytes of what follows its header.
    #[cfg(test)]
    pub(super) fn length(&self) -> usize {
        self.payload.len()
    }
}

/// The bytes of a batch. Its messages are numbered from 1; what begins and ends it is 0.
pub(crate) fn bytes(messages: &[Message]) -> Vec<u8> {
    let edge = [0, 0, 0, NFNL_SUBSYS_NFTABLES];
    let mut bytes = framed(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, &edge);
    for (number, message) in (1..).zip(messages) {
        bytes.extend(framed(message.kind, message.flags, number, &message.payload));
    }
    bytes.extend(framed(NFNL_MSG_BATCH_END, NLM_F_REQUEST, 0, &edge));
    bytes
}

/// A socket for batches.
pub(crate) struct Batches {
    socket: Socket,
    port: u32,
}

impl Batches {
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_NETFILTER)?;
        let port = socket.bind_auto()?.port_number();
        socket.set_non_blocking(true)?;
        let _ = setsockopt(&socket, sockopt::SndBuf, &SOCKET_BUFFER);
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &SOCKET_BUFFER);
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        Ok(Self { socket, port })
    }

    /// The port that others see its changes come from.
    pub(crate) const fn port(&self) -> u32 {
        self.port
    }

    /// Has a batch carried out. The kernel does so, and answers, while it is handed in.
    pub(crate) fn perform(&mut self, messages: &[Message]) -> Result<(), Refusal> {
        if messages.is_empty() {
            return Ok(());
        }
        self.socket.send_to(&bytes(messages), &SocketAddr::new(0, 0), 0).map_err(|cause| refused(&cause))?;
        let (mut done, mut failed) = (0, None);
        let mut buffer = Vec::with_capacity(BUFFER);
        loop {
            buffer.clear();
            match self.socket.recv_from(&mut buffer, libc::MSG_DONTWAIT) {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok(_) => answers(&buffer, |result| match result {
                    Ok(()) => done += 1,
                    // The first is the cause, others may follow from it.
                    Err(refusal) => drop(failed.get_or_insert(refusal)),
                }),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => break,
                Err(cause) => drop(failed.get_or_insert(refused(&cause))),
            }
        }
        match failed {
            Some(refusal) => Err(refusal),
            None if done >= messages.len() => Ok(()),
            None => Err(refusal(0, Some("the kernel gave no answer".into()))),
        }
    }
}

/// The socket that tells of tables which others remove: who restarts a firewall begins with all tables.
pub(crate) struct Removals {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Removals {
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_NETFILTER)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        socket.add_membership(NFNLGRP_NFTABLES)?;
        Ok(Self { socket, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Whether anybody but the owner of this port has removed a table, as far as can be told.
    pub(crate) fn of(&mut self, table: &str, our_port: u32) -> bool {
        let mut found = false;
        for _ in 0..DATAGRAMS_A_TURN {
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, libc::MSG_DONTWAIT) {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok(_) => found |= tells_of_removal(&self.buffer, table, our_port),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                // Something was lost, and perhaps this.
                Err(cause) if cause.raw_os_error() == Some(libc::ENOBUFS) => found = true,
                Err(_) => return found,
            }
        }
        found
    }
}

impl AsFd for Removals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

pub(super) fn tells_of_removal(mut bytes: &[u8], table: &str, our_port: u32) -> bool {
    while let Ok(message) = NetlinkBuffer::new_checked(bytes) {
        let Some(length) = usize::try_from(message.length()).ok().filter(|length| *length >= HEADER) else {
            return false;
        };
        let attributes = bytes.get(HEADER + GENERIC_HEADER..length).unwrap_or_default();
        let is_name = |(kind, value): (u16, &[u8])| kind == NFTA_TABLE_NAME && text(value) == table;
        if message.message_type() == DELTABLE
            && message.port_number() != our_port
            && attributes_of(attributes).any(is_name)
        {
            return true;
        }
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
    }
    false
}

fn answers(mut bytes: &[u8], mut each: impl FnMut(Result<(), Refusal>)) {
    while let Ok(message) = NetlinkBuffer::new_checked(bytes) {
        let Ok(length) = usize::try_from(message.length()) else { return };
        let Some(payload) = bytes.get(HEADER..length) else { return };
        if message.message_type() == NLMSG_ERROR
            && let Some(result) = answer(message.flags(), payload)
        {
            each(result);
        }
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
    }
}
