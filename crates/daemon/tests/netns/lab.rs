//! A switch in a namespace of its own, and the hosts that hang on it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::clock::wait_for;
use super::file::Scratch;
use super::namespace::Namespace;

static LABS: AtomicU32 = AtomicU32::new(0);

/// A segment with hosts, apart from every other lab.
pub(crate) struct Lab {
    /// Configurations, pid files and logs of what runs here.
    pub(crate) scratch: Scratch,
    /// The switch: a bridge with a port a host. Captures are taken here.
    pub(crate) switch: Namespace,
    /// What the names of all that it makes begin with.
    pub(crate) prefix: String,
    hosts: u8,
}

/// A machine: a namespace with one link to the switch.
#[derive(Clone)]
pub(crate) struct Host {
    /// Its namespace.
    pub(crate) namespace: Namespace,
    /// Its link's name, as its configuration calls it.
    pub(crate) link: String,
    /// The switch's port that it hangs on.
    pub(crate) port: String,
    number: u8,
}

impl Lab {
    /// A switch without hosts.
    pub(crate) fn new() -> Lab {
        let prefix = format!("sf-{}-{}", process::id(), LABS.fetch_add(1, Ordering::Relaxed));
        let switch = Namespace::new(format!("{prefix}-switch"));
        // A switch that speaks itself would only disturb the captures.
        switch.sysctl("ipv6/conf/default/disable_ipv6", "1");
        switch.ip("link add br0 type bridge mcast_snooping 0 stp_state 0 forward_delay 0\nlink set br0 up");
        Lab { scratch: Scratch::new(&prefix), switch, prefix, hosts: 0 }
    }

    /// Hangs a host on the switch, with the addresses and the hardware address of its number: 1, 2, 3 in turn.
    pub(crate) fn host(&mut self, link: &str) -> Host {
        self.hosts += 1;
        let number = self.hosts;
        let namespace = Namespace::new(format!("{}-{number}", self.prefix));
        let host = Host { namespace, link: link.to_owned(), port: format!("p{number}"), number };
        self.plug(&host);
        host
    }

    /// Gives a host its link, with addresses: at first, or again after [`Lab::unplug`]. The port has the same index each
    /// time, so captures go on.
    pub(crate) fn plug(&self, host: &Host) {
        self.plug_down(host);
        host.namespace.ip(&format!("link set {} up\n{}", host.link, host.own_addresses()));
    }

    /// Gives a host its link, down and without addresses.
    pub(crate) fn plug_down(&self, host: &Host) {
        self.switch.ip(&format!(
            "link add {port} index {index} type veth peer name {link} netns {name}\n\
             link set {port} master br0\n\
             link set {port} up",
            port = host.port,
            index = 100 + u32::from(host.number),
            link = host.link,
            name = host.namespace.name(),
        ));
        host.namespace.ip(&format!(
            "link set {} address 02:00:00:00:00:0{:x} addrgenmode none",
            host.link, host.number
        ));
    }

    /// Takes a host's link away altogether, as a driver that is unloaded does.
    pub(crate) fn unplug(&self, host: &Host) {
        host.namespace.ip(&format!("link del {}", host.link));
    }

    /// A further link of a host that leads nowhere, up as long as [`Lab::mend`] says so.
    pub(crate) fn spare_link(&self, host: &Host, link: &str) -> Host {
        let spare = host.spare(link);
        self.switch.ip(&format!(
            "link add {port} type veth peer name {link} netns {name}\nlink set {port} up",
            port = spare.port,
            name = spare.namespace.name(),
        ));
        host.namespace.ip(&format!("link set {link} up"));
        // The kernel sees a carrier up to a second later.
        let up = wait_for(Duration::from_secs(5), || {
            (host.namespace.ip_json(&["link", "show", "dev", link])[0]["operstate"] == "UP").then_some(())
        });
        assert!(up.is_some(), "{link} has no carrier");
        spare
    }

    /// Pulls a host's cable at the switch: the host sees its carrier go.
    pub(crate) fn cut(&self, host: &Host) {
        self.switch.ip(&format!("link set {} down", host.port));
    }

    /// Plugs it in again.
    pub(crate) fn mend(&self, host: &Host) {
        self.switch.ip(&format!("link set {} up", host.port));
    }

    /// Parts hosts from one another while each keeps its carrier, or joins them again.
    pub(crate) fn part(&self, hosts: &[&Host], apart: bool) {
        let state = if apart { "on" } else { "off" };
        let lines: Vec<String> = hosts
            .iter()
            .map(|host| format!("link set {} type bridge_slave isolated {state}", host.port))
            .collect();
        self.switch.ip(&lines.join("\n"));
    }
}

impl Host {
    /// Lines of `ip` that give it its own addresses.
    pub(crate) fn own_addresses(&self) -> String {
        format!(
            "addr add {}/24 dev {link}\naddr add {}/64 dev {link} nodad\naddr add {}/64 dev {link} nodad",
            self.v4(),
            self.v6(),
            self.link_local(),
            link = self.link,
        )
    }

    /// Its IPv4 address.
    pub(crate) fn v4(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 1, 0, self.number)
    }

    /// Its global IPv6 address.
    pub(crate) fn v6(&self) -> Ipv6Addr {
        Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, u16::from(self.number))
    }

    /// Its link-local IPv6 address.
    pub(crate) fn link_local(&self) -> Ipv6Addr {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(self.number))
    }

    /// Its further link of this name, made by [`Lab::spare_link`].
    pub(crate) fn spare(&self, link: &str) -> Host {
        Host { link: link.to_owned(), port: format!("spare{}", self.number), ..self.clone() }
    }

    /// Every address on every link, as the kernel tells it now.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let listing = self.namespace.ip_json(&["addr", "show"]);
        let links = listing.as_array().into_iter().flatten();
        links
            .filter_map(|link| link["addr_info"].as_array())
            .flatten()
            .filter_map(|entry| entry["local"].as_str()?.parse().ok())
            .collect()
    }

    /// Whether it holds every one of these addresses, none of them, or (`None`) only some.
    pub(crate) fn holds(&self, wanted: &[IpAddr]) -> Option<bool> {
        let held = self.addresses();
        let count = wanted.iter().filter(|address| held.contains(address)).count();
        if count == 0 { Some(false) } else { (count == wanted.len()).then_some(true) }
    }

    /// Takes addresses away, as the loss of power does.
    pub(crate) fn forget(&self, addresses: &[IpAddr]) {
        let length = |address: &IpAddr| if address.is_ipv4() { 24 } else { 64 };
        let lines: Vec<String> = addresses
            .iter()
            .map(|address| format!("addr del {address}/{} dev {}", length(address), self.link))
            .collect();
        self.namespace.ip(&lines.join("\n"));
    }
}
