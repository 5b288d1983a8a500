//! Questions to the kernel that are answered before anything else is done.
//!
//! rtnetlink carries a request out while it is handed in, so its answer is there when the call returns, and reading it
//! waits for nothing.

use std::io;

use host::Refusal;
use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use super::{
    BUFFER, HEADER, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR, aligned, answer, framed, refusal, refused,
};

/// A socket for questions.
pub(crate) struct Exchange {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Exchange {
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        Ok(Self { socket, sequence: 0, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Has a request carried out. What the kernel says beside yes or no is its last message's payload.
    pub(crate) fn perform(&mut self, kind: u16, flags: u16, payload: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        let bytes = framed(kind, NLM_F_REQUEST | NLM_F_ACK | flags, self.sequence, payload);
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0).map_err(|cause| refused(&cause))?;
        let mut said = Vec::new();
        loop {
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, libc::MSG_DONTWAIT) {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok(_) => {
                    if let Some(result) = self.read(&mut said) {
                        return result.map(|()| said);
                    }
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                    return Err(refusal(0, Some("the kernel gave no answer".into())));
                }
                Err(cause) => return Err(refused(&cause)),
            }
        }
    }

    /// Reads a datagram: the answer to the last question, if it is in there.
    fn read(&self, said: &mut Vec<u8>) -> Option<Result<(), Refusal>> {
        let mut rest = &self.buffer[..];
        while let Ok(message) = NetlinkBuffer::new_checked(rest) {
            let length = usize::try_from(message.length()).ok()?;
            let payload = rest.get(HEADER..length)?;
            if message.sequence_number() == self.sequence {
                if message.message_type() == NLMSG_ERROR {
                    return answer(message.flags(), payload);
                }
                *said = payload.to_vec();
            }
            rest = rest.get(aligned(length)..).unwrap_or_default();
        }
        None
    }
}
