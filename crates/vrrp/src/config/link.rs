//! How links are announced on, watched and guarded.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use host::LinkName;
use serde::{Deserialize, Serialize};

/// When gratuitous ARPs and unsolicited neighbour advertisements go out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnnounceConfig {
    /// Packets for each address and round, at least 1.
    pub repeat: u32,
    /// From becoming master to the second round; zero sends none.
    pub delay: Duration,
    /// Interval of further rounds; zero sends none.
    pub refresh: Duration,
    /// Packets for each address in such a round, at least 1.
    pub refresh_repeat: u32,
    /// Packets for each address after a lower-priority advert; 0 sends none.
    pub lower_priority_repeat: u32,
    /// From there to the second such round; zero sends none.
    pub lower_priority_delay: Duration,
    /// Where such rounds are off, one packet for each address is sent all the same (`heal_announce`).
    pub heals: bool,
    /// Interval of single announcements on the links that adverts do not leave by; zero sends none
    /// (`garp_extra_if`).
    pub elsewhere: Duration,
    /// On all of them, not on links of our own only.
    pub everywhere: bool,
}

impl Default for AnnounceConfig {
    fn default() -> Self {
        Self {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_priority_repeat: 5,
            lower_priority_delay: Duration::from_secs(5),
            heals: true,
            elsewhere: Duration::ZERO,
            everywhere: false,
        }
    }
}

/// Smallest gap between two announcements on one link; zero is no gap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AnnouncePace {
    /// Between gratuitous ARPs (`vrrp_garp_interval`).
    pub arp: Duration,
    /// Between unsolicited neighbour advertisements (`vrrp_gna_interval`).
    pub neighbour: Duration,
}

/// Links with gaps of their own between announcements (`garp_group`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PaceGroup {
    /// The links, without repeats, at least one.
    pub links: Vec<LinkName>,
    /// The links share one gap (`interfaces`); otherwise each has its own.
    pub shared: bool,
    /// The gaps.
    pub pace: AnnouncePace,
}

/// How long a link must be down or up before it counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkDelay {
    /// The link.
    pub link: LinkName,
    /// Before down counts; zero is at once.
    pub down: Duration,
    /// Before up counts; zero is at once.
    pub up: Duration,
}

/// A link whose state is asked for again and again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolledLink {
    /// The link.
    pub link: LinkName,
    /// How it is asked; `None` is the first that answers.
    pub method: Option<PollMethod>,
}

/// How a network card is asked for its carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PollMethod {
    /// Registers of the physical layer (`SIOCGMIIREG`).
    Mii,
    /// `ETHTOOL_GLINK`.
    Ethtool,
    /// Interface flags (`SIOCGIFFLAGS`).
    Ioctl,
}

/// How large the buffer of a socket is: the sum over those who share it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReceiveBuffer {
    /// So many bytes.
    Bytes(u32),
    /// So many times the largest packet of the link.
    Mtu(u32),
    /// So many times one's own advert.
    Advert(u32),
}

/// How packets to addresses that are not accepted are dropped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Firewall {
    /// Name of the nftables table (`nftables`).
    pub table: String,
    /// Priority of its chains (`nftables_priority`).
    pub priority: i32,
    /// Rules count what they match (`nftables_counters`).
    pub counters: bool,
    /// Link-local addresses are told apart by the number of their link, not by its name (`nftables_ifindex`).
    pub by_index: bool,
    /// The kernel does not report groups of 224.0.0.0/24 (`disable_local_igmp`), so no report has to be led from a VMAC
    /// to its base.
    pub no_local_reports: bool,
}

impl Default for Firewall {
    fn default() -> Self {
        Self {
            table: "keepalived".into(),
            priority: -1,
            counters: false,
            by_index: false,
            no_local_reports: false,
        }
    }
}
