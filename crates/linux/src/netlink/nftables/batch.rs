//! Batches: messages that the kernel carries out all or not at all.

use std::io;

use host::{Family, Refusal};
use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::sys::socket::{setsockopt, sockopt};

use super::super::attributes::Attributes;
use super::super::{
    BUFFER, HEADER, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR, aligned, answer, family_number, framed, refusal,
    refused,
};

pub(super) use super::super::{NLM_F_APPEND, NLM_F_CREATE};

/// The subsystem's number, and the messages that begin and end a batch (linux/netfilter/nfnetlink.h).
const NFNL_SUBSYS_NFTABLES: u8 = 10;
const NFNL_MSG_BATCH_BEGIN: u16 = 16;
const NFNL_MSG_BATCH_END: u16 = 17;
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
}

impl Batches {
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_NETFILTER)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        let _ = setsockopt(&socket, sockopt::SndBuf, &SOCKET_BUFFER);
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &SOCKET_BUFFER);
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        Ok(Self { socket })
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
