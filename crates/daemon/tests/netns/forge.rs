//! Adverts that nobody's daemon sends: made byte by byte, sound or spoilt.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, socket,
};

use super::instance::VRID;
use super::lab::Host;
use super::seal;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// A host that sends what it likes.
pub(crate) struct Forger {
    socket: OwnedFd,
    source: Ipv4Addr,
}

/// An advert over IPv4 (RFC 3768 §5.1, RFC 9568 §5.1), and what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Forgery {
    pub(crate) version: u8,
    pub(crate) kind: u8,
    pub(crate) priority: u8,
    /// Version 2: authentication type and interval; version 3: the interval in centiseconds.
    pub(crate) middle: [u8; 2],
    pub(crate) addresses: Vec<Ipv4Addr>,
    pub(crate) ttl: u8,
    /// Added to the right checksum.
    pub(crate) wrong_by: u16,
    /// Bytes that are missing at the end.
    pub(crate) missing: usize,
    pub(crate) vrid: u8,
    /// What comes behind it: the head of a signature, its secret, and bits of the signature to turn.
    pub(crate) signed: Option<([u8; 12], &'static [u8], u8)>,
}

impl Forgery {
    /// A sound advert of version 2, for two addresses as [`super::instance::Instance::v2`] has them.
    pub(crate) fn v2(priority: u8) -> Forgery {
        Forgery {
            version: 2,
            kind: 1,
            priority,
            middle: [0, 1],
            addresses: vec![Ipv4Addr::new(10, 1, 0, 100), Ipv4Addr::new(10, 1, 0, 101)],
            ttl: 255,
            wrong_by: 0,
            missing: 0,
            vrid: VRID,
            signed: None,
        }
    }

    /// The same in version 3.
    pub(crate) fn v3(priority: u8, centiseconds: u16) -> Forgery {
        Forgery { version: 3, middle: centiseconds.to_be_bytes(), ..Forgery::v2(priority) }
    }

    /// The same of another virtual router.
    pub(crate) fn of(self, vrid: u8) -> Forgery {
        Forgery { vrid, ..self }
    }

    fn packet(&self, source: Ipv4Addr) -> Vec<u8> {
        let count = u8::try_from(self.addresses.len()).expect("few addresses");
        let mut advert = vec![self.version << 4 | self.kind, self.vrid, self.priority, count];
        advert.extend(self.middle);
        advert.extend([0; 2]);
        advert.extend(self.addresses.iter().flat_map(Ipv4Addr::octets));
        if self.version == 2 {
            advert.extend([0; 8]);
        }
        let mut summed = advert.clone();
        if self.version != 2 {
            let length = u16::try_from(advert.len()).expect("a short advert");
            summed.extend(source.octets().into_iter().chain(GROUP.octets()).chain([0, 112]));
            summed.extend(length.to_be_bytes());
        }
        let sum = checksum(&summed).wrapping_add(self.wrong_by);
        advert[6..8].copy_from_slice(&sum.to_be_bytes());
        if let Some((head, secret, turned)) = self.signed {
            let mut signature = seal::signature(source, &advert, &head, secret);
            signature[0] ^= turned;
            advert.extend(head);
            advert.extend(signature);
        }
        advert.truncate(advert.len() - self.missing);
        // The kernel fills in length, identification and checksum.
        let mut packet = vec![0x45, 0xc0, 0, 0, 0, 0, 0, 0, self.ttl, 112, 0, 0];
        packet.extend(source.octets().into_iter().chain(GROUP.octets()));
        packet.extend(advert);
        packet
    }
}

impl Forger {
    /// Lets a host send to the group.
    pub(crate) fn on(host: &Host) -> Forger {
        host.namespace.ip(&format!("route add 224.0.0.0/4 dev {}", host.link));
        let open = || socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Raw);
        let socket = host.namespace.inside(open).expect("root may send raw packets");
        Forger { socket, source: host.v4() }
    }

    /// Sends it.
    pub(crate) fn send(&self, forgery: &Forgery) {
        let to = SockaddrIn::from(SocketAddrV4::new(GROUP, 0));
        sendto(self.socket.as_raw_fd(), &forgery.packet(self.source), &to, MsgFlags::empty())
            .expect("the link is up");
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("it was folded")
}
