//! Questions to the kernel that are answered before anything else is done.
//!
//! The kernel carries a request out while it is handed in, so its answer is there when the call returns, and reading it
//! waits for nothing.

use std::io;

use host::Refusal;
use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{Socket, SocketAddr};

use super::{
    BUFFER, HEADER, NLM_F_ACK, NLM_F_CAPPED, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, aligned,
    answer, framed, refusal, refused,
};

/// A socket for questions.
pub(crate) struct Exchange {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Exchange {
    /// Opens a socket for questions of a protocol, as `NETLINK_ROUTE`.
    pub(crate) fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        Ok(Self { socket, sequence: 0, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Has a request carried out. What the kernel says beside yes or no is its last message's payload.
    pub(crate) fn perform(&mut self, kind: u16, flags: u16, payload: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut said = Vec::new();
        self.ask(kind, NLM_F_ACK | flags, payload, |payload| said = payload.to_vec())?;
        Ok(said)
    }

    /// Asks for everything of a kind, and hands on the payload of each message of the answer.
    pub(crate) fn dump(&mut self, kind: u16, payload: &[u8], each: impl FnMut(&[u8])) -> Result<(), Refusal> {
        self.ask(kind, NLM_F_DUMP, payload, each)
    }

    fn ask(
        &mut self,
        kind: u16,
        flags: u16,
        payload: &[u8],
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Refusal> {
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        let bytes = framed(kind, NLM_F_REQUEST | flags, self.sequence, payload);
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0).map_err(|cause| refused(&cause))?;
        loop {
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, libc::MSG_DONTWAIT) {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok(_) => {
                    if let Some(result) = read(&self.buffer, self.sequence, &mut each) {
                        return result;
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
}

/// Reads a datagram of the answer to a question: how it ended, if it ends in there.
fn read(mut rest: &[u8], sequence: u32, each: &mut impl FnMut(&[u8])) -> Option<Result<(), Refusal>> {
    while let Ok(message) = NetlinkBuffer::new_checked(rest) {
        let length = usize::try_from(message.length()).ok()?;
        let payload = rest.get(HEADER..length)?;
        if message.sequence_number() == sequence {
            match message.message_type() {
                NLMSG_ERROR => return answer(message.flags(), payload),
                // What ends a list begins like an answer: with an error that cut it short, or 0.
                NLMSG_DONE => return Some(answer(NLM_F_CAPPED, payload).unwrap_or(Ok(()))),
                _ => each(payload),
            }
        }
        rest = rest.get(aligned(length)..).unwrap_or_default();
    }
    None
}
