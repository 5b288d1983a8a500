//! Asking the driver of a link for its carrier, for network cards whose drivers do not tell the kernel of it.

use std::io;
use std::os::fd::AsFd;

use host::LinkName;
use socket2::{Domain, Socket, Type};

use crate::sys::{self, LinkQuestion};

/// Basic mode status (IEEE 802.3 §22.2.4.2), and in it whether the link is up.
const STATUS_REGISTER: u16 = 1;
const LINK_STATUS: u16 = 1 << 2;
/// What a bus without anybody on it reads as.
const NOBODY: u16 = 0xffff;

/// How a driver is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// The registers of the physical layer (`SIOCGMIIREG`).
    Mii,
    /// `ETHTOOL_GLINK`.
    Ethtool,
    /// The flags of the interface (`SIOCGIFFLAGS`), which every link has.
    Flags,
}

/// Asks links for their carriers.
#[derive(Debug)]
pub struct LinkBeat {
    socket: Socket,
}

impl LinkBeat {
    /// Asks links of the network namespace that the thread is in.
    pub fn open() -> io::Result<Self> {
        Ok(Self { socket: Socket::new(Domain::IPV4, Type::DGRAM, None)? })
    }

    /// Whether a link has a carrier, by the `preferred` method or the first that its driver knows; `None` if there is no
    /// such link.
    pub fn ask(&self, link: &LinkName, preferred: Option<Method>) -> Option<bool> {
        let methods = [Method::Mii, Method::Ethtool, Method::Flags];
        preferred.into_iter().chain(methods).find_map(|method| self.ask_by(link, method).ok())
    }

    fn ask_by(&self, link: &LinkName, method: Method) -> io::Result<bool> {
        let socket = self.socket.as_fd();
        match method {
            Method::Mii => {
                let [phy, ..] = sys::ask_link(socket, link, LinkQuestion::Phy, [0; 4])?;
                let read =
                    || sys::ask_link(socket, link, LinkQuestion::PhyRegister, [phy, STATUS_REGISTER, 0, 0]);
                // The bit tells of a loss once, even if the link is back: the second reading tells how it is.
                read()?;
                let [.., status] = read()?;
                if status == NOBODY {
                    Err(io::ErrorKind::Unsupported.into())
                } else {
                    Ok(status & LINK_STATUS != 0)
                }
            }
            Method::Ethtool => sys::ask_link_by_ethtool(socket, link),
            Method::Flags => {
                let [flags, ..] = sys::ask_link(socket, link, LinkQuestion::Flags, [0; 4])?;
                Ok(i32::from(flags) & libc::IFF_RUNNING != 0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::namespace::Namespace;

    #[test]
    fn a_link_has_a_carrier_by_every_method_while_its_other_end_is_up() {
        let Ok(namespace) = Namespace::create() else {
            println!("SKIPPED: a_link_has_a_carrier_by_every_method: no network namespace");
            return;
        };
        let ip = |line: &str| assert!(Command::new("ip").args(line.split(' ')).status().unwrap().success());
        namespace
            .run(|| {
                ip("link add v0 type veth peer name v1");
                ip("link set v0 up");
                let beat = LinkBeat::open().unwrap();
                let [v0, nobody] = ["v0", "nobody"].map(|name| LinkName::new(name).unwrap());
                let all = [None, Some(Method::Mii), Some(Method::Ethtool), Some(Method::Flags)];
                for carrier in [false, true, false] {
                    ip(if carrier { "link set v1 up" } else { "link set v1 down" });
                    for method in all {
                        assert_eq!(beat.ask(&v0, method), Some(carrier), "{method:?}");
                        assert_eq!(beat.ask(&nobody, method), None);
                    }
                    // A pair of links has no physical layer.
                    assert!(beat.ask_by(&v0, Method::Mii).is_err());
                    assert_eq!(beat.ask_by(&v0, Method::Ethtool).unwrap(), carrier);
                    assert_eq!(beat.ask_by(&v0, Method::Flags).unwrap(), carrier);
                }
            })
            .unwrap();
    }
}
