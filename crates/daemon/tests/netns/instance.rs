//! The configuration of one node of a pair.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::lab::Host;
use super::timing;

/// The instance that all trials configure: `VI_1` with VRID 51.
pub(crate) const VRID: u8 = 51;

/// One node's `vrrp_instance`, with what stands before it.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    /// VRRP version, 2 or 3.
    pub(crate) version: u8,
    /// Its priority.
    pub(crate) priority: u8,
    /// Its advertisement interval.
    pub(crate) interval: Duration,
    /// Virtual addresses with their prefix lengths, in order.
    pub(crate) addresses: Vec<String>,
    /// Further lines of the instance.
    pub(crate) lines: Vec<String>,
    /// Blocks before the instance.
    pub(crate) blocks: Vec<String>,
    /// The priority that the file gives, where it is not the one that comes of it.
    pub(crate) base: Option<u8>,
    /// It names no interface: the routing table says by which its adverts leave, and each address where it goes.
    pub(crate) anywhere: bool,
    /// The file itself, where a trial brings one that says the same as the rest.
    pub(crate) file: Option<String>,
}

impl Instance {
    /// Version 2 over IPv4, an advert a second, two virtual addresses.
    pub(crate) fn v2(priority: u8) -> Instance {
        Instance {
            version: 2,
            priority,
            interval: Duration::from_secs(1),
            addresses: vec!["10.1.0.100/24".to_owned(), "10.1.0.101/24".to_owned()],
            lines: Vec::new(),
            blocks: Vec::new(),
            base: None,
            anywhere: false,
            file: None,
        }
    }

    /// Version 3 over IPv4, with an interval in milliseconds.
    pub(crate) fn v3(priority: u8, interval_ms: u64) -> Instance {
        Instance { version: 3, interval: Duration::from_millis(interval_ms), ..Instance::v2(priority) }
    }

    /// The same over IPv6.
    pub(crate) fn over_ipv6(self) -> Instance {
        Instance { addresses: vec!["fe80::100/64".to_owned(), "2001:db8:1::100/64".to_owned()], ..self }
    }

    /// The same with a further line.
    pub(crate) fn with(mut self, line: impl Into<String>) -> Instance {
        self.lines.push(line.into());
        self
    }

    /// The same with a further block before the instance.
    pub(crate) fn with_block(mut self, block: impl Into<String>) -> Instance {
        self.blocks.push(block.into());
        self
    }

    /// The same with another priority.
    pub(crate) fn at(self, priority: u8) -> Instance {
        Instance { priority, ..self }
    }

    /// The same with another priority in the file than the one that comes of it.
    pub(crate) fn rendered_at(self, base: u8) -> Instance {
        Instance { base: Some(base), ..self }
    }

    /// The same, speaking to one peer alone, from the address of the family of its virtual addresses.
    pub(crate) fn unicast(self, own: &Host, peer: &Host) -> Instance {
        let (own, peer): (IpAddr, IpAddr) = if self.virtual_addresses().iter().all(IpAddr::is_ipv4) {
            (own.v4().into(), peer.v4().into())
        } else {
            (own.v6().into(), peer.v6().into())
        };
        self.with(format!("unicast_src_ip {own}")).with(format!("unicast_peer {{\n        {peer}\n    }}"))
    }

    /// The same without an interface of its own.
    pub(crate) fn anywhere(self) -> Instance {
        Instance { anywhere: true, ..self }
    }

    /// Its virtual addresses without their prefix lengths.
    pub(crate) fn virtual_addresses(&self) -> Vec<IpAddr> {
        let bare = self.addresses.iter().map(|address| address.split('/').next().unwrap_or_default());
        bare.map(|address| address.parse().expect("the trial gives addresses")).collect()
    }

    /// How long it waits as backup before it takes over.
    pub(crate) fn master_down(&self) -> f64 {
        timing::master_down(self.version, self.interval, self.priority)
    }

    /// How long it waits once the master has said goodbye.
    pub(crate) fn skew(&self) -> f64 {
        timing::skew(self.version, self.interval, self.priority)
    }

    /// The configuration file for a host.
    pub(crate) fn render(&self, host: &Host) -> String {
        if let Some(file) = &self.file {
            return file.clone();
        }
        let mut text = String::from("global_defs {\n    script_user root\n}\n");
        for block in &self.blocks {
            text.push_str(block);
            text.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "vrrp_instance VI_1 {{\n    virtual_router_id {VRID}\n    version {}\n    priority {}\n    \
             advert_int {}\n",
            self.version,
            self.base.unwrap_or(self.priority),
            self.interval.as_secs_f64(),
        );
        if !self.anywhere {
            let _ = writeln!(text, "    interface {}", host.link);
        }
        if self.priority == 255 {
            text.push_str("    state MASTER\n");
        }
        for line in &self.lines {
            let _ = writeln!(text, "    {line}");
        }
        text.push_str("    virtual_ipaddress {\n");
        for address in &self.addresses {
            let place = if self.anywhere { format!(" dev {}", host.link) } else { String::new() };
            let _ = writeln!(text, "        {address}{place}");
        }
        text.push_str("    }\n}\n");
        text
    }
}
