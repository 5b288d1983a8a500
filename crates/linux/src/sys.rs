//! System calls for which no maintained crate has a safe wrapper: the only unsafe code of the workspace.
//!
//! Each function is safe to call with any argument; what the kernel is handed lives longer than the call.
#![expect(unsafe_code, reason = "the one place that may; every wrapper is tested against the real call")]

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use host::{LinkIndex, LinkName, MacAddress};
use libc::{c_int, c_void};
use nix::sys::signal::SigSet;
use rustix::process::{Signal, set_parent_process_death_signal};
use socket2::SockAddr;

use crate::clock::Calendar;
use crate::privilege::Role;

/// Most packets handed to or taken from the kernel in one call: more than this seldom waits, and the headers for
/// it (about 4 KiB) fit on the stack.
pub(crate) const BATCH: usize = 32;

/// Largest packet that is read whole. An advert with 255 IPv6 addresses and a trailer is 4,116 bytes; what is
/// longer is cut, and its length then belies its header.
pub(crate) const LARGEST: usize = 4608;

/// Room for ancillary data: packet information and hop limit take 64 bytes.
const CONTROL: usize = 128;

/// Sets an integer option on a socket.
pub(crate) fn set_option(socket: BorrowedFd<'_>, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: the kernel reads `size_of::<c_int>()` bytes from `value`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&value).cast::<c_void>(),
            length_of::<c_int>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The address of a frame for a packet socket: the link that it leaves by, and whom it is for.
pub(crate) fn link_layer_address(link: LinkIndex, destination: MacAddress, protocol: u16) -> SockAddr {
    let mut hardware = [0; 8];
    hardware[..6].copy_from_slice(&destination.0);
    let address = libc::sockaddr_ll {
        sll_family: AF_PACKET_FAMILY,
        sll_protocol: protocol.to_be(),
        sll_ifindex: link.0.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: hardware,
    };
    let mut storage = socket2::SockAddrStorage::zeroed();
    // SAFETY: `sockaddr_ll` is a socket address of this platform and no larger than the storage.
    *unsafe { storage.view_as::<libc::sockaddr_ll>() } = address;
    // SAFETY: the storage holds a `sockaddr_ll` with its family set, and the length is that type's.
    unsafe { SockAddr::new(storage, length_of::<libc::sockaddr_ll>()) }
}

/// What is asked of a link by a request whose question and answer are words behind the link's name.
#[derive(Clone, Copy)]
pub(crate) enum LinkQuestion {
    /// Its flags: the first word of the answer.
    Flags,
    /// The number of its physical layer: the first word of the answer.
    Phy,
    /// A register: number of the physical layer, number of the register; what it holds is the fourth word of the answer.
    PhyRegister,
}

/// `struct ifreq` with words in its union, or with a pointer.
#[repr(C)]
struct LinkRequest<T> {
    name: [u8; libc::IFNAMSIZ],
    argument: T,
    /// The union is 24 bytes long.
    rest: [u64; 2],
}

impl<T> LinkRequest<T> {
    fn new(link: &LinkName, argument: T) -> Self {
        let mut name = [0; libc::IFNAMSIZ];
        // A name is shorter by the final zero at least.
        name.iter_mut().zip(link.as_str().bytes()).for_each(|(to, from)| *to = from);
        Self { name, argument, rest: [0; 2] }
    }
}

/// Asks a link something. Words that the question has no use for are ignored.
pub(crate) fn ask_link(
    socket: BorrowedFd<'_>,
    link: &LinkName,
    question: LinkQuestion,
    words: [u16; 4],
) -> io::Result<[u16; 4]> {
    let request = match question {
        LinkQuestion::Flags => libc::SIOCGIFFLAGS,
        LinkQuestion::Phy => libc::SIOCGMIIPHY,
        LinkQuestion::PhyRegister => libc::SIOCGMIIREG,
    };
    let mut argument = LinkRequest::new(link, words);
    // SAFETY: each of the requests reads and writes a `struct ifreq`, which the argument is as long as; none follows a
    // pointer in it.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), request as _, ptr::from_mut(&mut argument)) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(argument.argument) }
}

/// Asks a link for its carrier by `ETHTOOL_GLINK`.
pub(crate) fn ask_link_by_ethtool(socket: BorrowedFd<'_>, link: &LinkName) -> io::Result<bool> {
    /// linux/ethtool.h.
    const ETHTOOL_GLINK: u32 = 0x0a;
    // `struct ethtool_value`: what is asked, and the answer.
    let mut value = [ETHTOOL_GLINK, 0_u32];
    let mut argument = LinkRequest::new(link, value.as_mut_ptr());
    // SAFETY: the request reads a `struct ifreq`, which the argument is as long as, and reads and writes a `struct
    // ethtool_value` where its pointer leads, which outlives the call.
    let result =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as _, ptr::from_mut(&mut argument)) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(value[1] != 0) }
}

/// A packet to hand to the kernel.
pub(crate) struct Outgoing<'a> {
    /// Whom it is for.
    pub(crate) to: &'a SockAddr,
    /// Ancillary data, complete with headers; may be empty.
    pub(crate) control: &'a [u8],
    /// The packet.
    pub(crate) bytes: &'a [u8],
}

/// Sends packets in order (`sendmmsg`), at most [`BATCH`], and tells how many left. An error is the first one's.
pub(crate) fn send_many(socket: BorrowedFd<'_>, packets: &[Outgoing<'_>], flags: c_int) -> io::Result<usize> {
    let packets = &packets[..packets.len().min(BATCH)];
    // SAFETY: all-zero bytes are a valid value of both: pointers that are null, and integers.
    let (mut parts, mut headers): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) = unsafe { mem::zeroed() };
    for ((packet, part), header) in packets.iter().zip(&mut parts).zip(&mut headers) {
        part.iov_base = packet.bytes.as_ptr().cast_mut().cast();
        part.iov_len = packet.bytes.len();
        header.msg_hdr.msg_name = packet.to.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = packet.to.len();
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        if !packet.control.is_empty() {
            header.msg_hdr.msg_control = packet.control.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_controllen = packet.control.len() as _;
        }
    }
    // SAFETY: the first `packets.len()` headers point to `parts` and to what `packets` borrows, all of which
    // outlive the call; `sendmmsg` reads through them and writes only the headers' `msg_len`.
    let sent =
        unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count(packets.len()), flags as _) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Buffers for [`BATCH`] packets, made once and used again.
pub(crate) struct Inbox {
    bytes: Box<[[u8; LARGEST]]>,
    controls: Box<[[u8; CONTROL]]>,
    sources: Box<[libc::sockaddr_in6]>,
    lengths: [(usize, usize); BATCH],
}

/// A packet as the kernel handed it over.
pub(crate) struct Incoming<'a> {
    /// The packet, from its IP header (IPv4) or after it (IPv6).
    pub(crate) bytes: &'a [u8],
    /// Ancillary data.
    pub(crate) control: &'a [u8],
    /// The sender.
    pub(crate) source: SocketAddr,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        // SAFETY: all-zero bytes are a valid `sockaddr_in6`, which is made of integers.
        let nobody: libc::sockaddr_in6 = unsafe { mem::zeroed() };
        Self {
            bytes: vec![[0; LARGEST]; BATCH].into(),
            controls: vec![[0; CONTROL]; BATCH].into(),
            sources: vec![nobody; BATCH].into(),
            lengths: [(0, 0); BATCH],
        }
    }

    /// Takes what waits in a socket (`recvmmsg`), at most [`BATCH`] packets, without waiting. The packets of the
    /// last call are gone.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        // SAFETY: all-zero bytes are a valid value of both: pointers that are null, and integers.
        let (mut parts, mut headers): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) =
            unsafe { mem::zeroed() };
        for (index, (part, header)) in parts.iter_mut().zip(&mut headers).enumerate() {
            part.iov_base = self.bytes[index].as_mut_ptr().cast();
            part.iov_len = LARGEST;
            header.msg_hdr.msg_name = ptr::from_mut(&mut self.sources[index]).cast();
            header.msg_hdr.msg_namelen = length_of::<libc::sockaddr_in6>();
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = self.controls[index].as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL as _;
        }
        // SAFETY: every header points to `parts` and to buffers of `self`, with their true lengths; all of them
        // are exclusively borrowed and outlive the call. No timeout is given.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                count(BATCH),
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (length, header) in self.lengths.iter_mut().zip(&headers).take(received) {
            let bytes = usize::try_from(header.msg_len).unwrap_or(LARGEST).min(LARGEST);
            let control: usize = header.msg_hdr.msg_controllen as _;
            *length = (bytes, CONTROL.min(control));
        }
        Ok(received)
    }

    /// Takes what waits in a socket, at most so many times [`BATCH`] packets. Returns whether more may wait. Fails if
    /// the socket broke.
    pub(crate) fn drain(
        &mut self,
        socket: BorrowedFd<'_>,
        batches: usize,
        mut take: impl FnMut(&Incoming<'_>),
    ) -> io::Result<bool> {
        for _ in 0..batches {
            match self.receive(socket) {
                Ok(count) => {
                    (0..count).for_each(|index| take(&self.packet(index)));
                    if count < BATCH {
                        return Ok(false);
                    }
                }
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(true)
    }

    /// A packet of the last [`Inbox::receive`], counted from 0; past what it returned, an old one.
    fn packet(&self, index: usize) -> Incoming<'_> {
        let (bytes, control) = self.lengths[index];
        Incoming {
            bytes: &self.bytes[index][..bytes],
            control: &self.controls[index][..control],
            source: socket_address(&self.sources[index]),
        }
    }
}

/// An address of either family in the place of an IPv6 one: that of IPv4 begins alike, and has its address where the
/// other has its flow label.
fn socket_address(address: &libc::sockaddr_in6) -> SocketAddr {
    let port = u16::from_be(address.sin6_port);
    if i32::from(address.sin6_family) == libc::AF_INET {
        return (Ipv4Addr::from(address.sin6_flowinfo.to_ne_bytes()), port).into();
    }
    SocketAddrV6::new(address.sin6_addr.s6_addr.into(), port, 0, address.sin6_scope_id).into()
}

/// How the kernel divides processor time for this thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Policy {
    /// The ordinary way.
    Other,
    /// Round robin among threads of one real-time priority; children start in the ordinary way.
    RoundRobin(u8),
}

/// Sets the scheduling policy of the calling thread (`sched_setscheduler`).
pub(crate) fn set_policy(policy: Policy) -> io::Result<()> {
    let (policy, priority) = match policy {
        Policy::Other => (libc::SCHED_OTHER, 0),
        Policy::RoundRobin(priority) => (libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, priority),
    };
    // SAFETY: all-zero bytes are a valid `sched_param`, which is made of integers.
    let mut parameter: libc::sched_param = unsafe { mem::zeroed() };
    parameter.sched_priority = c_int::from(priority);
    // SAFETY: the kernel reads `parameter`, which outlives the call. 0 names the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameter) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Hands freed memory back to the kernel (`malloc_trim`), where the C library can.
pub(crate) fn trim_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes no pointer, and memory that is in use is left alone.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Lets go of the pages of this executable that are as its file has them: code and constants. What is needed of them
/// is mapped again.
pub(crate) fn drop_code() {
    // SAFETY: the callback is called with what it expects, before this returns, and is given no data.
    unsafe { libc::dl_iterate_phdr(Some(drop_segments), ptr::null_mut()) };
}

/// Called for the executable first, and ends the walk there.
unsafe extern "C" fn drop_segments(info: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
    // SAFETY: the C library lends a description that lives until the callback returns, and so do the headers in it.
    let (base, headers) = unsafe {
        let info = &*info;
        (info.dlpi_addr, std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()))
    };
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(u64::MAX);
    for header in headers.iter().filter(|it| it.p_type == libc::PT_LOAD && it.p_flags & libc::PF_W == 0) {
        let start = (base + header.p_vaddr).next_multiple_of(page);
        let end = (base + header.p_vaddr + header.p_filesz) / page * page;
        let length = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
        // SAFETY: these whole pages are of a segment that is never written to, so what is in them is what is read from
        // the file again. Pages that are locked in memory stay; the call then fails, which harms nobody.
        unsafe { libc::madvise(start as *mut c_void, length, libc::MADV_DONTNEED) };
    }
    1
}

/// Seconds since 1970 on the calendar of the local time zone; `None` if the year does not fit.
pub(crate) fn local_time(seconds: i64) -> Option<Calendar> {
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    let seconds: libc::time_t = seconds;
    // SAFETY: both pointers are to live values of the right type; `localtime_r` keeps neither.
    let result = unsafe { libc::localtime_r(&raw const seconds, parts.as_mut_ptr()) };
    if result.is_null() {
        return None;
    }
    // SAFETY: zeroed bytes are a valid `tm` (integers and a nullable pointer), and it has been filled in.
    let parts = unsafe { parts.assume_init() };
    let small = |value: c_int| u8::try_from(value).ok();
    Some(Calendar {
        year: parts.tm_year.checked_add(1900)?,
        month: small(parts.tm_mon)?.checked_add(1)?,
        day: small(parts.tm_mday)?,
        weekday: small(parts.tm_wday)?,
        hour: small(parts.tm_hour)?,
        minute: small(parts.tm_min)?,
        second: small(parts.tm_sec)?,
        offset: i32::try_from(parts.tm_gmtoff).ok()?,
    })
}

/// The set of these signals. Real-time signals are among those that operators send, and the wrapper knows none.
pub(crate) fn signal_set(numbers: &[c_int]) -> io::Result<SigSet> {
    let mut set = *SigSet::empty().as_ref();
    for number in numbers {
        // SAFETY: `set` is a live, initialised set; a number that is no signal is refused with an error.
        if unsafe { libc::sigaddset(&raw mut set, *number) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: the set was initialised above and holds existing signals only.
    Ok(unsafe { SigSet::from_sigset_t_unchecked(set) })
}

/// Lets a command begin as `role`, with no signal blocked, and end with this process: the end of its parent sends it
/// SIGTERM. That is lost when the account changes, so it comes after.
pub(crate) fn begin_as(command: &mut Command, role: Option<Role>) {
    let begin = move || {
        if let Some(role) = &role {
            role.assume()?;
        }
        set_parent_process_death_signal(Some(Signal::TERM))?;
        SigSet::all().thread_unblock()?;
        Ok(())
    };
    // SAFETY: between the fork and the exec `begin` makes system calls, and nothing else: it allocates nothing, not for an
    // error either, takes no lock, and touches no memory but what it owns.
    unsafe { command.pre_exec(begin) };
}

/// The size of a type as the kernel wants it.
#[expect(clippy::cast_possible_truncation, reason = "a socket address or an integer is smaller than 4 GiB")]
const fn length_of<T>() -> libc::socklen_t {
    size_of::<T>() as libc::socklen_t
}

/// A number of packets as the kernel wants it.
#[expect(clippy::cast_possible_truncation, reason = "at most BATCH")]
const fn count(packets: usize) -> libc::c_uint {
    packets as libc::c_uint
}

#[expect(clippy::cast_possible_truncation, reason = "the constant is 17")]
const AF_PACKET_FAMILY: libc::sa_family_t = libc::AF_PACKET as libc::sa_family_t;

#[cfg(test)]
mod tests;
