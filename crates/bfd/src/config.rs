//! What the engine obeys: the meaning of the BFD part of a configuration, complete and checked.
//!
//! `config` makes it from `keepalived.conf`; every default is already filled in. Two configurations that mean the
//! same are equal.

mod auth;

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU8;
use core::time::Duration;

use host::{Family, LinkName};
use serde::{Deserialize, Serialize};

pub use auth::{AuthConfig, AuthKey, AuthKind, BadKey};

/// The whole of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Config {
    /// Sessions in the order of the file. Names are unique, and so are [`SessionConfig::identity`]s.
    pub sessions: Vec<SessionConfig>,
}

/// One session (`bfd_instance`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionConfig {
    /// Name from the file; stands in logs, and trackers refer to it.
    pub name: String,
    /// The other side (`neighbor_ip`).
    pub neighbour: IpAddr,
    /// Our address (`source_ip`), of the same family; `None` is the kernel's choice.
    pub source: Option<IpAddr>,
    /// The link between the two; `None` is the routing table's choice. New: Keepalived has no such keyword. An IPv6
    /// link-local neighbour needs it.
    pub link: Option<LinkName>,
    /// One hop or many (`multihop`).
    pub path: Path,
    /// TTLs sent and accepted (`ttl`, `hoplimit`, `max_hops`).
    pub hops: Hops,
    /// `min_rx`: how often packets may come in. At most 2^32 - 1 microseconds, like all intervals.
    pub min_rx: Duration,
    /// `min_tx`: how often packets go out while Up.
    pub min_tx: Duration,
    /// `idle_tx`: how often packets go out while not Up; at least a second (RFC 5880 §6.8.3).
    pub idle_tx: Duration,
    /// `multiplier`: packets that the other side may miss.
    pub multiplier: NonZeroU8,
    /// `passive`: send nothing before the other side was heard (RFC 5880 §6.1).
    pub passive: bool,
    /// Whether the session takes part; if not, it is held AdminDown (RFC 5880 §6.8.16). New.
    pub enabled: bool,
    /// `weight`: what trackers use that name no weight of their own.
    pub weight: Weight,
    /// `vrrp`, `checker`: who is told of the path.
    pub audience: Audience,
    /// Authentication (RFC 5880 §6.7). New.
    pub auth: Option<AuthConfig>,
    /// The Echo function (RFC 5880 §6.4). New; of no effect on a multihop path.
    pub echo: EchoConfig,
}

impl SessionConfig {
    /// A session with Keepalived's defaults.
    pub fn plain(name: &str, neighbour: IpAddr) -> Self {
        Self {
            name: name.into(),
            neighbour,
            source: None,
            link: None,
            path: Path::SingleHop,
            hops: Hops::from_keywords(Family::of(neighbour), None, 0),
            min_rx: Duration::from_millis(10),
            min_tx: Duration::from_millis(10),
            idle_tx: Duration::from_secs(1),
            multiplier: const { NonZeroU8::new(5).expect("5 is not 0") },
            passive: false,
            enabled: true,
            weight: Weight::default(),
            audience: Audience::default(),
            auth: None,
            echo: EchoConfig::default(),
        }
    }

    /// What makes two configurations the same session: its ends and its path, not its name.
    ///
    /// RFC 5881 §2: "Each BFD session between a pair of systems MUST traverse a separate network-layer path". RFC
    /// 5883 §4.1: multiple sessions "must have at least one endpoint address distinct from one another."
    pub fn identity(&self) -> Identity {
        Identity {
            path: self.path,
            neighbour: self.neighbour,
            source: self.source,
            link: match self.path {
                Path::SingleHop => self.link.clone(),
                Path::Multihop => None,
            },
        }
    }
}

/// The ends of a session and the kind of its path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Identity {
    path: Path,
    neighbour: IpAddr,
    source: Option<IpAddr>,
    link: Option<LinkName>,
}

/// The kind of path that is watched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Path {
    /// To a neighbour on a link (RFC 5881).
    SingleHop,
    /// Through routers (RFC 5883).
    Multihop,
}

impl Path {
    /// UDP destination port: 3784 (RFC 5881 §4) or 4784 (RFC 5883 §5).
    pub const fn port(self) -> u16 {
        match self {
            Self::SingleHop => 3784,
            Self::Multihop => 4784,
        }
    }
}

/// TTL, or hop limit, sent and accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hops {
    /// What packets leave with; not 0.
    pub sent: u8,
    /// The least that is accepted; 0 accepts all.
    pub least: u8,
}

impl Hops {
    /// From `ttl` (or `hoplimit`) and `max_hops`, -1 to 255: a packet may have lost `max_hops` of `ttl`. -1 and 255
    /// accept all; more than `ttl` counts as `ttl`.
    ///
    /// Differs: without `ttl`, IPv6 packets leave with hop limit 255 as RFC 5881 §5 demands; Keepalived sends 64.
    /// As keepalived: without it, IPv6 packets are accepted from 64 on, since Keepalived's neighbours with that
    /// default send 64. `hoplimit 255` makes the RFC's check.
    pub fn from_keywords(family: Family, ttl: Option<u8>, max_hops: i16) -> Self {
        let sent = ttl.unwrap_or(255);
        let expected = ttl.unwrap_or(match family {
            Family::V4 => 255,
            Family::V6 => 64,
        });
        let least = match u8::try_from(max_hops) {
            Ok(255) | Err(_) => 0,
            Ok(hops) => expected.saturating_sub(hops),
        };
        Self { sent, least }
    }
}

/// The default of trackers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Weight {
    /// -253 to 253; 0 makes a path that is down a fault.
    pub points: i16,
    /// Up and down change places.
    pub reverse: bool,
}

/// Who is told of a path that comes and goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Audience {
    /// The vrrp worker.
    pub vrrp: bool,
    /// The check worker.
    pub checker: bool,
}

impl Default for Audience {
    fn default() -> Self {
        Self { vrrp: true, checker: true }
    }
}

/// The Echo function, each direction for itself (RFC 5880 §6.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EchoConfig {
    /// How often we send Echo packets back; zero is never.
    pub min_rx: Duration,
    /// Sending our own, while the neighbour is willing.
    pub send: Option<EchoSend>,
}

/// Echo packets of our own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EchoSend {
    /// How often; the neighbour may ask for less. Not zero.
    pub interval: Duration,
    /// How they come back.
    pub route: EchoRoute,
}

/// How Echo packets come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EchoRoute {
    /// They are destined to us, and the neighbour's forwarding plane returns them (RFC 5881 §4), as FRR has it. Needs
    /// no BFD there, but forwarding.
    Forwarded {
        /// Their source; `None` is an address off every subnet ([`crate::echo::OFF_SUBNET_V4`]), so that nobody
        /// sends redirects. A neighbour that filters by reverse path needs one of ours.
        source: Option<IpAddr>,
    },
    /// They are destined to the neighbour, whose BFD sends them back: ours does, also where nothing is forwarded.
    Reflected,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R5881-5-01, R5881-5-02, R5881-5-03, R5880-9-01: TTL 255 is sent, and nothing less is accepted on one hop.
    #[test]
    fn by_default_the_ttl_is_the_greatest_and_must_come_so() {
        assert_eq!(Hops::from_keywords(Family::V4, None, 0), Hops { sent: 255, least: 255 });
        assert_eq!(Hops::from_keywords(Family::V6, Some(255), 0), Hops { sent: 255, least: 255 });
    }

    /// As keepalived: its IPv6 neighbours send 64.
    #[test]
    fn by_default_the_hop_limit_of_ipv6_may_be_keepalived_s() {
        assert_eq!(Hops::from_keywords(Family::V6, None, 0), Hops { sent: 255, least: 64 });
    }

    #[test]
    fn max_hops_may_be_lost_on_the_way() {
        assert_eq!(Hops::from_keywords(Family::V4, None, 3), Hops { sent: 255, least: 252 });
        assert_eq!(Hops::from_keywords(Family::V4, Some(64), 100), Hops { sent: 64, least: 0 });
        assert_eq!(Hops::from_keywords(Family::V4, None, -1).least, 0);
        assert_eq!(Hops::from_keywords(Family::V4, None, 255).least, 0);
    }

    /// R5881-2-01, R5881-2-02, R5883-4.1-01: one session for each path and protocol, told apart by its ends.
    #[test]
    fn sessions_are_told_apart_by_their_ends_and_their_path() {
        let v4 = SessionConfig::plain("a", [192, 0, 2, 2].into());
        let v6 = SessionConfig::plain("a", IpAddr::V6("2001:db8::2".parse().unwrap()));
        let renamed = SessionConfig { name: "b".into(), min_rx: Duration::from_secs(1), ..v4.clone() };
        assert_eq!(v4.identity(), renamed.identity());
        assert_ne!(v4.identity(), v6.identity());
        let multihop = SessionConfig { path: Path::Multihop, ..v4.clone() };
        let other_end = SessionConfig { source: Some([192, 0, 2, 9].into()), ..v4.clone() };
        let other_link = SessionConfig { link: Some(LinkName::new("eth1").unwrap()), ..v4.clone() };
        for other in [multihop, other_end, other_link] {
            assert_ne!(v4.identity(), other.identity());
        }
    }

    /// R5880-6.8.1-13: "This variable MUST be a nonzero integer".
    #[test]
    fn a_configuration_survives_the_bus_but_a_multiplier_of_zero_does_not() {
        let config = Config { sessions: alloc::vec![SessionConfig::plain("a", [192, 0, 2, 2].into())] };
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
        let zero = json.replace("\"multiplier\":5", "\"multiplier\":0");
        assert_ne!(zero, json);
        assert!(serde_json::from_str::<Config>(&zero).is_err());
    }
}
