//! What the kernel tells of processes (its process connector), and what `/proc` shows of them.
//!
//! Events come in the initial network, process and user namespace only, and to the privileged; elsewhere
//! [`ProcessWatch::open`] fails, and `/proc` is all there is.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};

use crate::process;

/// `NETLINK_CONNECTOR`
const CONNECTOR: isize = 11;
/// `CN_IDX_PROC` and `CN_VAL_PROC`: whose messages, and the group that they come in.
const PROC: u32 = 1;
/// `PROC_CN_MCAST_LISTEN`
const LISTEN: u32 = 1;
/// Some ten thousand events; the kernel takes the memory only when they wait.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// Events read in one turn: a storm of forks must not hold up an advert.
const EVENTS_A_TURN: usize = 512;
/// Where the event begins in a datagram: behind `struct nlmsghdr` and `struct cn_msg`.
const EVENT: usize = 16 + 20;
/// Where an event's own part begins: behind its kind, processor and time.
const BODY: usize = EVENT + 16;
/// Most of a command line that is read.
const MOST_BYTES: u64 = 64 * 1024;

/// Something that happened to a process. Threads are left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProcessEvent {
    /// It has a child.
    Forked {
        /// The process.
        parent: u32,
        /// Its child.
        child: u32,
    },
    /// It became another program.
    Executed(u32),
    /// It has another name.
    Renamed(u32, Vec<u8>),
    /// It ended.
    Ended(u32),
    /// Events were lost: only a look at everything helps.
    Lost,
}

/// A process as `/proc` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessSeen {
    /// Its number.
    pub pid: u32,
    /// The kernel's name for it, at most 15 bytes.
    pub name: Vec<u8>,
    /// Its command line, word by word; never empty.
    pub words: Vec<Vec<u8>>,
}

/// The kernel's word on processes.
pub struct ProcessWatch {
    socket: Socket,
    buffer: Vec<u8>,
}

impl ProcessWatch {
    /// Asks the kernel for its events. Belongs into the initial network namespace.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(CONNECTOR)?;
        socket.bind(&SocketAddr::new(0, PROC))?;
        socket.set_non_blocking(true)?;
        // Without the right to it the buffer stays as it is, and events are lost sooner: a look at all follows then.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER);
        socket.send_to(&listen(), &SocketAddr::new(0, 0), 0)?;
        Ok(Self { socket, buffer: Vec::with_capacity(1024) })
    }

    /// Sets how many bytes of events may wait.
    pub fn size(&self, bytes: u32, force: bool) -> io::Result<()> {
        crate::netlink::size(&self.socket, bytes, force)
    }

    /// What happened since the last call, in order. Never waits; what exceeds a turn comes with the next.
    pub fn events(&mut self) -> Vec<ProcessEvent> {
        let mut events = Vec::new();
        for _ in 0..EVENTS_A_TURN {
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, 0) {
                // Only the kernel may speak here.
                Ok((_, from)) if from.port_number() == 0 => events.extend(parse(&self.buffer)),
                Ok(_) => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => events.push(ProcessEvent::Lost),
                Err(_) => break,
            }
        }
        events
    }
}

impl AsFd for ProcessWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Every process that has a command line: neither zombies nor threads of the kernel. An error if not all could be looked
/// at, for want of a descriptor: another time they can.
pub fn all() -> io::Result<Vec<ProcessSeen>> {
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| one(pid).transpose()).collect()
}

/// One process; `None` if it is gone, or is a zombie. An error only if it could not be looked at, as with [`all`].
pub fn one(pid: u32) -> io::Result<Option<ProcessSeen>> {
    match look(pid) {
        Err(error) if process::is_shortage(&error) => Err(error),
        seen => Ok(seen.ok().filter(|seen| !seen.words.is_empty())),
    }
}

fn look(pid: u32) -> io::Result<ProcessSeen> {
    use io::Read;
    let mut line = Vec::new();
    fs::File::open(format!("/proc/{pid}/cmdline"))?.take(MOST_BYTES).read_to_end(&mut line)?;
    let mut name = fs::read(format!("/proc/{pid}/comm"))?;
    if name.last() == Some(&b'\n') {
        name.pop();
    }
    let split = |line: &[u8]| line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    let words = if line.is_empty() { Vec::new() } else { split(line.strip_suffix(b"\0").unwrap_or(&line)) };
    Ok(ProcessSeen { pid, name, words })
}

/// The datagram that asks for events.
fn listen() -> Vec<u8> {
    // NLMSG_DONE is what the connector's own messages are marked with.
    const DONE: u16 = 3;
    let mut bytes = Vec::with_capacity(EVENT + 4);
    bytes.extend(u32::try_from(EVENT + 4).unwrap_or(0).to_ne_bytes());
    bytes.extend(DONE.to_ne_bytes());
    bytes.extend(0u16.to_ne_bytes());
    for word in [0, 0, PROC, PROC, 0, 0] {
        bytes.extend(u32::to_ne_bytes(word));
    }
    bytes.extend(4u16.to_ne_bytes());
    bytes.extend(0u16.to_ne_bytes());
    bytes.extend(LISTEN.to_ne_bytes());
    bytes
}

/// What a datagram tells, if it is of interest.
fn parse(bytes: &[u8]) -> Option<ProcessEvent> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    if (word(16)?, word(20)?) != (PROC, PROC) {
        return None;
    }
    // Every body begins with a thread and its process; they are equal for the process itself.
    let own = || (word(BODY) == word(BODY + 4)).then(|| word(BODY)).flatten();
    match word(EVENT)? {
        // PROC_EVENT_FORK: the parent, then the child.
        1 => {
            let (parent, child, process) = (word(BODY + 4)?, word(BODY + 8)?, word(BODY + 12)?);
            (child == process).then_some(ProcessEvent::Forked { parent, child })
        }
        // PROC_EVENT_EXEC: whichever thread asked for it, it is the process now.
        2 => Some(ProcessEvent::Executed(word(BODY + 4)?)),
        // PROC_EVENT_COMM
        0x200 => {
            let name = bytes.get(BODY + 8..BODY + 24)?;
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            Some(ProcessEvent::Renamed(own()?, name.to_vec()))
        }
        // PROC_EVENT_EXIT
        0x8000_0000 => Some(ProcessEvent::Ended(own()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn event(kind: u32, body: &[u32]) -> Vec<u8> {
        let mut bytes = listen();
        bytes.truncate(EVENT);
        bytes.extend([kind, 0, 0, 0].into_iter().chain(body.iter().copied()).flat_map(u32::to_ne_bytes));
        bytes
    }

    #[test]
    fn events_of_processes_are_told_and_those_of_threads_are_not() {
        assert_eq!(parse(&event(1, &[11, 10, 20, 20])), Some(ProcessEvent::Forked { parent: 10, child: 20 }));
        assert_eq!(parse(&event(1, &[10, 10, 20, 10])), None, "a thread");
        assert_eq!(parse(&event(2, &[12, 10])), Some(ProcessEvent::Executed(10)));
        let name = u32::from_ne_bytes(*b"abc\0");
        assert_eq!(
            parse(&event(0x200, &[10, 10, name, 0, 0, 0])),
            Some(ProcessEvent::Renamed(10, b"abc".to_vec()))
        );
        assert_eq!(parse(&event(0x200, &[11, 10, name, 0, 0, 0])), None);
        assert_eq!(parse(&event(0x8000_0000, &[10, 10, 0])), Some(ProcessEvent::Ended(10)));
        assert_eq!(parse(&event(0x8000_0000, &[11, 10, 0])), None);
        assert_eq!(parse(&event(0, &[0])), None, "the kernel's answer to the question");
    }

    #[test]
    fn no_datagram_is_too_short_or_too_strange() {
        for kind in [1, 2, 0x200, 0x8000_0000, 7] {
            let whole = event(kind, &[1, 1, 1, 1, 1, 1]);
            for length in 0..whole.len() {
                let _ = parse(&whole[..length]);
            }
        }
    }

    #[test]
    fn this_process_is_seen_with_its_words() {
        let mine = one(std::process::id()).unwrap().unwrap();
        let words: Vec<Vec<u8>> = std::env::args().map(String::into_bytes).collect();
        assert_eq!(mine.words, words);
        assert!(all().unwrap().contains(&mine));
    }

    #[test]
    fn the_kernel_tells_of_a_child() {
        let Ok(mut watch) = ProcessWatch::open() else {
            println!("SKIPPED: the_kernel_tells_of_a_child: no process events here");
            return;
        };
        let mut child = Command::new("/bin/true").spawn().unwrap();
        child.wait().unwrap();
        let mut events = Vec::new();
        let mut poll = crate::Poll::new().unwrap();
        let limit = crate::clock::now() + std::time::Duration::from_secs(20);
        while !events.contains(&ProcessEvent::Ended(child.id())) {
            assert!(crate::clock::now() < limit, "{events:?}");
            let soon = crate::clock::now() + std::time::Duration::from_millis(5);
            poll.wait(Some(soon), &mut Vec::new()).unwrap();
            events.extend(watch.events());
        }
        let pid = child.id();
        assert!(events.iter().any(|e| matches!(e, ProcessEvent::Forked { child, .. } if *child == pid)));
        assert!(events.contains(&ProcessEvent::Executed(pid)));
    }
}
