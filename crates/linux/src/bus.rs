//! One end of a bus: records of bytes over a `SOCK_SEQPACKET` socket. Neither sending nor receiving ever waits.
//!
//! A record that is larger than a socket buffer takes goes as a [`Sealed`] memory file: the record itself is then empty and
//! the file's descriptor comes with it (`SCM_RIGHTS`). One that is such a file already goes that way too. A descriptor may also go along with a record that is not empty.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use crate::sealed::Sealed;

/// Most records that wait for the peer to read. A worker makes a few a second, so a peer that is this far behind hangs.
pub const MAX_WAITING: usize = 4096;

/// One end.
#[derive(Debug)]
pub struct BusEnd {
    socket: OwnedFd,
    /// Largest record that goes through the socket itself.
    inline: usize,
    waiting: VecDeque<Record>,
    lost: u64,
    broken: bool,
    buffer: Vec<u8>,
    /// What came along with the last record.
    descriptor: Option<OwnedFd>,
}

/// What one receive found.
#[derive(PartialEq, Eq, Debug)]
pub enum Received {
    /// A record.
    Record(Vec<u8>),
    /// Nothing for now.
    Nothing,
    /// The other end is closed.
    Closed,
}

#[derive(Debug)]
struct Record {
    bytes: Vec<u8>,
    file: Option<OwnedFd>,
}

impl BusEnd {
    /// Two connected ends; the second is for another process. Records of more than `inline` bytes go as memory files.
    pub fn pair(inline: usize) -> io::Result<(Self, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (here, there) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Self::from_socket(here, inline), there))
    }

    /// The end that another process made with [`Self::pair`].
    pub fn from_socket(socket: OwnedFd, inline: usize) -> Self {
        Self {
            socket,
            inline,
            waiting: VecDeque::new(),
            lost: 0,
            broken: false,
            buffer: vec![0; inline + 1],
            descriptor: None,
        }
    }

    /// Sends a record after all before it; what cannot be sent now waits for [`Self::flush`].
    pub fn send(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        if bytes.is_empty() || bytes.len() > self.inline {
            return self.send_file(Sealed::new(|file| file.write_all(&bytes))?);
        }
        self.queue(Record { bytes, file: None })
    }

    /// The same with a record that is in a file already.
    pub fn send_file(&mut self, file: Sealed) -> io::Result<()> {
        self.queue(Record { bytes: Vec::new(), file: Some(file.into()) })
    }

    /// Sends a record and along with it a descriptor, which closes here. The record is not empty, and short.
    pub fn send_with(&mut self, bytes: Vec<u8>, descriptor: OwnedFd) -> io::Result<()> {
        if bytes.is_empty() || bytes.len() > self.inline {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.queue(Record { bytes, file: Some(descriptor) })
    }

    fn queue(&mut self, record: Record) -> io::Result<()> {
        if self.waiting.len() >= MAX_WAITING {
            self.lost += 1;
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        self.waiting.push_back(record);
        self.flush();
        Ok(())
    }

    /// What came along with the record that was received last.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptor.take()
    }

    /// Sends what waits, as far as the socket takes it. Returns whether nothing waits any more.
    pub fn flush(&mut self) -> bool {
        while let Some(record) = self.waiting.front() {
            match send_record(&self.socket, record) {
                Ok(()) => drop(self.waiting.pop_front()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN | Errno::NOBUFS) => return false,
                // The peer is gone; the next receive says so.
                Err(_) => {
                    self.broken = true;
                    self.waiting.clear();
                }
            }
        }
        true
    }

    /// Whether something waits to be sent.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether the other end was found closed while sending.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Records that were dropped because too many waited.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The next record.
    pub fn receive(&mut self) -> io::Result<Received> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let length = loop {
            let mut parts = [IoSliceMut::new(&mut self.buffer)];
            match recvmsg(&self.socket, &mut parts, &mut control, flags) {
                Ok(message) => break message.bytes,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(Received::Nothing),
                Err(Errno::CONNRESET) => return Ok(Received::Closed),
                Err(error) => return Err(error.into()),
            }
        };
        let file = control.drain().find_map(|message| {
            // Credentials are not asked for, and nobody sends them.
            let RecvAncillaryMessage::ScmRights(mut files) = message else { return None };
            files.next()
        });
        self.descriptor = None;
        match (file, length) {
            (Some(file), 0) => Sealed::received(file)?.read().map(Received::Record),
            (descriptor @ Some(_), length) if length <= self.inline => {
                self.descriptor = descriptor;
                Ok(Received::Record(self.buffer[..length].to_vec()))
            }
            // No record is empty without a file, so this is the end of the stream.
            (None, 0) => Ok(Received::Closed),
            (_, length) if length > self.inline => Err(io::ErrorKind::InvalidData.into()),
            (_, length) => Ok(Received::Record(self.buffer[..length].to_vec())),
        }
    }
}

impl From<BusEnd> for OwnedFd {
    fn from(end: BusEnd) -> Self {
        end.socket
    }
}

impl AsFd for BusEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn send_record(socket: &OwnedFd, record: &Record) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files: Vec<BorrowedFd<'_>> = record.file.iter().map(AsFd::as_fd).collect();
    if !files.is_empty() {
        // The space was measured for exactly this, so it fits.
        control.push(SendAncillaryMessage::ScmRights(&files));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    sendmsg(socket, &[IoSlice::new(&record.bytes)], &mut control, flags).map(drop)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use super::*;

    const INLINE: usize = 1000;

    fn ends() -> (BusEnd, BusEnd) {
        let (here, there) = BusEnd::pair(INLINE).unwrap();
        (here, BusEnd::from_socket(there, INLINE))
    }

    #[test]
    fn records_of_every_size_arrive_whole_and_in_order() {
        let (mut here, mut there) = ends();
        let sizes = [1, INLINE, INLINE + 1, 0, 3_000_000, 7];
        for size in sizes {
            here.send(vec![b'x'; size]).unwrap();
        }
        for size in sizes {
            assert_eq!(there.receive().unwrap(), Received::Record(vec![b'x'; size]));
        }
        assert_eq!(there.receive().unwrap(), Received::Nothing);
    }

    #[test]
    fn a_descriptor_goes_along_with_a_record_and_is_there_until_the_next() {
        let (mut here, mut there) = ends();
        let (reader, mut writer) = std::io::pipe().unwrap();
        here.send_with(b"with".to_vec(), reader.into()).unwrap();
        here.send(b"without".to_vec()).unwrap();
        assert_eq!(there.receive().unwrap(), Received::Record(b"with".to_vec()));
        writer.write_all(b"x").unwrap();
        drop(writer);
        let mut text = String::new();
        File::from(there.take_descriptor().unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
        assert_eq!(there.receive().unwrap(), Received::Record(b"without".to_vec()));
        assert!(there.take_descriptor().is_none());
        let (reader, _) = std::io::pipe().unwrap();
        assert!(here.send_with(Vec::new(), reader.into()).is_err(), "it would be taken for a memory file");
    }

    #[test]
    fn a_peer_that_does_not_read_makes_records_wait_and_then_lose() {
        let (mut here, mut there) = ends();
        let mut sent = 0;
        while here.send(vec![b'x'; INLINE]).is_ok() {
            sent += 1;
        }
        assert!(here.is_waiting());
        assert_eq!(here.lost(), 1);
        let mut received = 0;
        loop {
            here.flush();
            match there.receive().unwrap() {
                Received::Record(_) => received += 1,
                Received::Nothing => break,
                Received::Closed => panic!("closed"),
            }
        }
        assert_eq!(received, sent);
    }

    #[test]
    fn the_end_of_a_peer_is_seen_by_both_directions() {
        let (mut here, there) = ends();
        drop(there);
        assert_eq!(here.receive().unwrap(), Received::Closed);
        here.send(vec![1]).unwrap();
        assert!(here.is_broken());
        assert!(!here.is_waiting());
    }
}
