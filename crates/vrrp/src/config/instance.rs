//! One virtual router as the file has it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::{Deref, DerefMut};
use core::time::Duration;

use host::{Family, LinkName, VirtualLink};
use serde::{Deserialize, Serialize};

use super::{
    AnnounceConfig, Authentication, Deletion, Hmac, Mode, NotifyScripts, OwnLink, Preemption, Priority,
    ReceiveBuffer, TrackFile, TrackLink, TrackNamed, TrackScript, UnicastChecksum, Version, VirtualAddress,
    VirtualRoute, VirtualRule, Vrid,
};

/// One virtual router.
///
/// Its [`Settings`] can be read and written as if they were its own: they are most of what there is to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceConfig {
    /// Name from the file; stands in logs and scripts' arguments.
    pub name: String,
    /// The link that adverts leave by; `None` leaves that to the routing table, for one that speaks to peers from a
    /// configured source.
    pub link: Option<LinkName>,
    /// Virtual router identifier.
    pub vrid: Vrid,
    /// Base priority, 1 to 255.
    pub priority: Priority,
    /// `state MASTER`: with priority 255, master at once. Has no other effect (RFC 9568 §6.4.1).
    pub wants_master: bool,
    /// Source address of adverts; `None` is the link's first address of the family.
    pub source: Option<IpAddr>,
    /// Version 2 authentication.
    pub authentication: Authentication,
    /// Addresses that are advertised, in the order of the file, all of [`Settings::family`].
    pub addresses: Vec<VirtualAddress>,
    /// Addresses that move along without being advertised, of either family.
    pub excluded: Vec<VirtualAddress>,
    /// The rest. Instances that have it in common share it, so that thousands of them fit into little memory.
    pub settings: Arc<Settings>,
}

/// What instances of one node mostly have in common.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Family of the adverts and of [`InstanceConfig::addresses`].
    pub family: Family,
    /// Version of the protocol.
    pub version: Version,
    /// Advertisement interval. Version 2: whole seconds, 1 to 255. Version 3: hundredths of a second, 0.01 to 40.95.
    pub interval: Duration,
    /// Missed adverts before a master counts as down, 1 to 100; the RFCs know 3 only.
    pub down_timer_adverts: u8,
    /// To whom adverts go.
    pub mode: Mode,
    /// Routes that the master holds.
    pub routes: Vec<VirtualRoute>,
    /// Policy rules that the master holds.
    pub rules: Vec<VirtualRule>,
    /// The virtual router's own link, on top of [`InstanceConfig::link`].
    pub own_link: Option<OwnLink>,
    /// Further links of its own that carry addresses only (`use_vmac` of an address, `use_vmac_addr`): one for each base and
    /// family.
    pub address_links: Vec<VirtualLink>,
    /// Virtual addresses vanish by the kernel's hand when they were not renewed for so long, in seconds; at least 3
    /// (`vip_lifetime`).
    pub lifetime: Option<u32>,
    /// Whether a better backup takes over.
    pub preemption: Preemption,
    /// Do not compare the address list of adverts from the known master.
    pub skip_address_check: bool,
    /// Answer a lower-priority advert with announcements alone, not with an advert.
    pub lower_priority_no_advert: bool,
    /// Send one more advert before yielding to a higher priority.
    pub higher_priority_send_advert: bool,
    /// A master that hears a rival and stays runs the scripts of becoming master once more, since what they tie to it
    /// may have followed the rival (`heal_notify`).
    pub heal_hooks: bool,
    /// Version 3 over IPv4: leave the pseudo-header out of the checksum that is sent.
    pub checksum_as_v2: bool,
    /// Gratuitous ARP and unsolicited neighbour advertisements.
    pub announce: AnnounceConfig,
    /// The state of the own link matters (no `dont_track_primary`).
    pub track_own_link: bool,
    /// Other links that matter. The own link is not among them.
    pub track_links: Vec<TrackLink>,
    /// Scripts that matter; each name is in [`super::Config::scripts`].
    pub track_scripts: Vec<TrackScript>,
    /// Files that matter.
    pub track_files: Vec<TrackFile>,
    /// Sets of processes that matter.
    pub track_processes: Vec<TrackNamed>,
    /// BFD sessions that matter.
    pub track_bfds: Vec<TrackNamed>,
    /// A master whose priority falls below the best rival it has heard gives up at once, so that the takeover costs
    /// a skew time (`step_down`).
    pub step_down: bool,
    /// Scripts to run on a change of state.
    pub notify: NotifyScripts,
    /// Its removal by a reload is told as such (`notify_deleted`), not as a fault.
    pub deletion: Option<Deletion>,
    /// Mail on a change of state (`smtp_alert`).
    pub mail: bool,
    /// Changes of priority are told to those who read the event pipes (`notify_priority_changes`).
    pub tell_priority: bool,
    /// Packets to the addresses are taken though they are not its own; always so for the owner (`accept`).
    pub accept: bool,
    /// The configured source address being absent is a fault (`track_src_ip`).
    pub track_source: bool,
    /// As owner it does not listen to others (`owner_ignore_adverts`).
    pub owner_ignores_adverts: bool,
    /// A master that wakes late goes back to backup if a router of this priority could have taken over
    /// (`timer_expired_backup`).
    pub late_master_yields_to: Option<Priority>,
    /// Unicast without a peer is a fault (`unicast_fault_no_peer`).
    pub fault_without_peer: bool,
    /// Version 3 over IPv4 to peers: which checksum (`old_unicast_checksum`).
    pub unicast_checksum: UnicastChecksum,
    /// Secondary addresses of the link live on when the first goes (`promote_secondaries`).
    pub promote_secondaries: bool,
    /// Its part of the receive buffer of its socket (`kernel_rx_buf_size`, `vrrp_rx_bufs_policy`); `None` asks for nothing.
    pub receive_buffer: Option<ReceiveBuffer>,
    /// Keys that sign its adverts (`auth_hmac`).
    pub hmac: Option<Hmac>,
}

impl InstanceConfig {
    /// Without room for more addresses: it is kept for long, and there may be thousands.
    pub(crate) fn tight(mut self) -> Self {
        self.addresses.shrink_to_fit();
        self.excluded.shrink_to_fit();
        self
    }

    /// An IPv4 instance on `link`, or on none, with every default of the file format, and no address.
    pub fn plain(name: &str, link: impl Into<Option<LinkName>>, vrid: Vrid) -> Self {
        Self {
            name: name.into(),
            link: link.into(),
            vrid,
            priority: Priority::DEFAULT,
            wants_master: false,
            source: None,
            authentication: Authentication::None,
            addresses: Vec::new(),
            excluded: Vec::new(),
            settings: Arc::new(Settings::default()),
        }
    }

    /// The same with other settings.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self);
        self
    }
}

impl Deref for InstanceConfig {
    type Target = Settings;
    fn deref(&self) -> &Settings {
        &self.settings
    }
}

impl DerefMut for InstanceConfig {
    /// Its own settings from now on, if it shared them.
    fn deref_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

impl Default for Settings {
    /// Every default of the file format, for an IPv4 instance.
    fn default() -> Self {
        Self {
            family: Family::V4,
            version: Version::V2,
            interval: Duration::from_secs(1),
            down_timer_adverts: 3,
            mode: Mode::Multicast { group: Mode::GROUP_V4 },
            routes: Vec::new(),
            rules: Vec::new(),
            own_link: None,
            address_links: Vec::new(),
            lifetime: None,
            preemption: Preemption::Allowed,
            skip_address_check: false,
            lower_priority_no_advert: false,
            higher_priority_send_advert: false,
            heal_hooks: false,
            checksum_as_v2: false,
            announce: AnnounceConfig::default(),
            track_own_link: true,
            track_links: Vec::new(),
            track_scripts: Vec::new(),
            track_files: Vec::new(),
            track_processes: Vec::new(),
            track_bfds: Vec::new(),
            step_down: false,
            notify: NotifyScripts::default(),
            deletion: None,
            mail: false,
            tell_priority: false,
            accept: true,
            track_source: false,
            owner_ignores_adverts: false,
            late_master_yields_to: None,
            fault_without_peer: false,
            unicast_checksum: UnicastChecksum::Learn,
            promote_secondaries: false,
            receive_buffer: None,
            hmac: None,
        }
    }
}
