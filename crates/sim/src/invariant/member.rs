//! The books of one instance.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use host::{Instant, LinkIndex, RouteKey, Rule};
use vrrp::config::{Authentication, InstanceConfig};

use super::Thing;

/// An instance of a node.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) node: usize,
    pub(crate) instance: String,
    pub(crate) router: usize,
    /// The link that adverts leave by.
    pub(crate) link: LinkIndex,
    pub(crate) port: usize,
    /// The link that it is on, which has an address of its own.
    pub(crate) base: LinkIndex,
    pub(crate) vips: Vec<(LinkIndex, IpAddr)>,
    pub(crate) routes: Vec<RouteKey>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) interval: Duration,
    /// A backup that hears nobody waits no longer than this.
    pub(crate) patience: Duration,
    /// Beyond the settling time, for announcements that are spread out.
    pub(crate) pace: Duration,
    pub(crate) master: bool,
    /// What it was called before.
    pub(super) called: Vec<String>,
    /// A reload gave it another name since its worker knows its configuration.
    pub(super) renamed: bool,
    /// Its name when it ceased to be master last.
    pub(super) ceased_as: String,
    /// When it was master last: since when, and until when.
    pub(super) until: Option<(Instant, Instant)>,
    /// When it became master or ceased to be.
    pub(super) since: Instant,
    /// Before this the kernel may legitimately hold something else.
    pub(super) unsettled: Instant,
    /// By destination: when the rhythm of adverts began, and how many came since.
    pub(super) rhythm: BTreeMap<IpAddr, (Instant, u32)>,
    /// When somebody last took a thing away or the kernel refused it, and how often of late.
    pub(super) trouble: BTreeMap<Thing, (Instant, u32)>,
    pub(super) resigned: BTreeMap<IpAddr, u32>,
    /// Adverts heard in an instant.
    pub(super) heard: (Instant, u32),
    /// When it heard last that another gives up.
    pub(super) released: Option<Instant>,
    /// When it spoke last, by destination.
    pub(super) spoke: BTreeMap<IpAddr, Instant>,
    /// Adverts sent out of turn in an instant, by destination.
    pub(super) answered: BTreeMap<IpAddr, (Instant, u32)>,
    /// When each address was last announced.
    pub(super) announced: Vec<Option<Instant>>,
    pub(super) held_pending: bool,
    pub(super) live: bool,
    /// When its last worker crashed, if all was calm before.
    pub(super) crashed: Option<Instant>,
    /// The priority of its last advert but 0, and when that was.
    pub(super) priority: (u8, Instant),
    /// How long what its trackers tell may take to count.
    pub(crate) slack: Duration,
    pub(super) standing_pending: bool,
    /// It gives way at once when its priority falls below that of its last rival.
    pub(crate) steps_down: bool,
    /// The priority of the rival that it heard last as a backup.
    pub(super) rival: u8,
    /// Its addresses vanish when the daemon has not renewed them for so long.
    pub(crate) lifetime: Option<Duration>,
}

impl Member {
    pub(crate) fn new(
        node: usize,
        instance: &str,
        link: LinkIndex,
        port: usize,
        vips: Vec<(LinkIndex, IpAddr)>,
        interval: Duration,
    ) -> Self {
        Self {
            node,
            instance: instance.to_owned(),
            router: 0,
            link,
            port,
            base: link,
            vips,
            routes: Vec::new(),
            rules: Vec::new(),
            interval,
            patience: Duration::ZERO,
            pace: Duration::ZERO,
            master: false,
            called: Vec::new(),
            renamed: false,
            ceased_as: String::new(),
            until: None,
            since: Instant::ZERO,
            unsettled: Instant::ZERO,
            rhythm: BTreeMap::new(),
            trouble: BTreeMap::new(),
            resigned: BTreeMap::new(),
            heard: (Instant::ZERO, 0),
            released: None,
            spoke: BTreeMap::new(),
            answered: BTreeMap::new(),
            announced: Vec::new(),
            held_pending: false,
            live: true,
            crashed: None,
            priority: (0, Instant::ZERO),
            slack: Duration::ZERO,
            standing_pending: false,
            steps_down: false,
            rival: 0,
            lifetime: None,
        }
    }
}

impl Member {
    /// It has, or had, this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.instance == name || self.called.iter().any(|called| called == name)
    }
}

/// Others believe an instance's adverts or do not by the time in them.
pub(crate) fn is_stamped(it: &InstanceConfig) -> bool {
    it.hmac.is_some() || matches!(it.authentication, Authentication::Header(_))
}
