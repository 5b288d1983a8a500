//! How adverts travel.

use std::net::IpAddr;

use host::Family;
use vrrp::config::{InstanceConfig, Mode, Peer, UnicastChecksum};

use super::{Lowering, either};
use crate::block::vrrp_instance::Transport;
use crate::diagnostic::code;
use crate::source::Span;
use crate::tree::NodeId;
use crate::value::Set;

/// How adverts travel.
pub(super) struct Travel {
    pub(super) source: Option<IpAddr>,
    pub(super) mode: Mode,
    pub(super) unicast_checksum: UnicastChecksum,
    pub(super) fault_without_peer: bool,
}

impl Travel {
    pub(super) fn into_config(self, config: InstanceConfig) -> InstanceConfig {
        let Self { source, mode, unicast_checksum, fault_without_peer } = self;
        InstanceConfig { source, ..config }.with(|it| {
            it.mode = mode;
            it.unicast_checksum = unicast_checksum;
            it.fault_without_peer = fault_without_peer;
        })
    }
}

impl Lowering<'_, '_, '_> {
    /// Source address, and to whom adverts go.
    pub(super) fn mode(&mut self, block: Transport, mut peers: Vec<(Peer, Span)>, family: Family) -> Travel {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let Transport {
            mcast_src_ip,
            unicast_src_ip,
            mcast_dst_ip,
            unicast_peer,
            unicast_ttl,
            check_unicast_src,
            unicast_fault_no_peer,
            old_unicast_checksum,
        } = block;
        let asked = unicast_src_ip.as_ref().map(|set| set.at);
        let asked = asked.or_else(|| check_unicast_src.as_ref().map(|set| set.at));
        let asked = asked.or_else(|| old_unicast_checksum.as_ref().map(|set| set.at));
        let asked = asked.or_else(|| unicast_peer.first().map(|list| self.resolver.reader.keyword(*list)));
        let source = self.of_family(unicast_src_ip.or(mcast_src_ip), family, "source address");
        self.keep_peers(&mut peers, family);
        let unicast_checksum = match old_unicast_checksum.map(|set| set.value) {
            None => UnicastChecksum::Learn,
            Some(true) => UnicastChecksum::Old,
            Some(false) => UnicastChecksum::Right,
        };
        let fault_without_peer = unicast_fault_no_peer.is_some() && asked.is_some() && peers.is_empty();
        let mode = if peers.is_empty() && !fault_without_peer {
            if let Some(at) = asked {
                let message = "words that ask for unicast, and no peer: adverts go to the group";
                self.complain(code::NO_PEERS, at, message.into());
            }
            if let Some(set) = unicast_ttl {
                self.complain(code::NOT_TOGETHER, set.at, "unicast_ttl needs peers; it is ignored".into());
            }
            Mode::Multicast { group: self.group(mcast_dst_ip, family) }
        } else {
            self.unicast(peers, &unicast_ttl, &check_unicast_src, &mcast_dst_ip)
        };
        Travel { source, mode, unicast_checksum, fault_without_peer }
    }

    pub(super) fn peers(&mut self, lists: &[NodeId]) -> Vec<(Peer, Span)> {
        let mut peers: Vec<(Peer, Span)> = Vec::new();
        for line in lists.iter().flat_map(|list| self.resolver.reader.tree.children(*list)) {
            let Some((&at, mut options)) = self.resolver.reader.tree.words(line).split_first() else {
                continue;
            };
            let Some(address) = self.resolver.reader.address(at) else { continue };
            if peers.iter().any(|(have, _)| have.address == address) {
                self.complain(code::REPEATED, at, format!("{address} is a peer already"));
                continue;
            }
            let mut ttl = (0, 255);
            while let [option, rest @ ..] = options {
                let bound = match self.resolver.reader.text(*option) {
                    "min_ttl" => &mut ttl.0,
                    "max_ttl" => &mut ttl.1,
                    other => {
                        let message = format!("`{other}` is no option of a peer");
                        self.complain(code::BAD_WORD, *option, message);
                        options = rest;
                        continue;
                    }
                };
                let number = rest.first().and_then(|word| self.resolver.reader.integer(*word, 0, 255, false));
                if let Some(number) = number.and_then(|number| u8::try_from(number).ok()) {
                    *bound = number;
                }
                options = rest.get(1..).unwrap_or_default();
            }
            if ttl.0 > ttl.1 {
                self.complain(code::NOT_TOGETHER, at, "min_ttl is above max_ttl".into());
            }
            peers.push((Peer { address, ttl }, at));
        }
        peers
    }

    fn keep_peers(&mut self, peers: &mut Vec<(Peer, Span)>, family: Family) {
        peers.retain(|(peer, at)| {
            let fits = Family::of(peer.address) == family;
            if !fits {
                self.complain(
                    code::FAMILY,
                    *at,
                    format!("the peer {} is not {family}; it is ignored", peer.address),
                );
            }
            fits
        });
    }

    fn of_family(&mut self, address: Option<Set<IpAddr>>, family: Family, what: &str) -> Option<IpAddr> {
        let Set { value, at } = address?;
        if Family::of(value) == family {
            return Some(value);
        }
        self.complain(code::FAMILY, at, format!("the {what} {value} is not {family}; it is ignored"));
        None
    }

    fn unicast(
        &mut self,
        peers: Vec<(Peer, Span)>,
        ttl: &Option<Set<u64>>,
        check: &Option<Set<bool>>,
        group: &Option<Set<IpAddr>>,
    ) -> Mode {
        if let Some(set) = group {
            self.complain(
                code::NOT_TOGETHER,
                set.at,
                "mcast_dst_ip does not go with peers; it is ignored".into(),
            );
        }
        let bounded = peers.iter().any(|(peer, _)| peer.ttl != (0, 255));
        let check_source =
            bounded || either(check, &self.resolver.global.vrrp_check_unicast_src).unwrap_or(false);
        Mode::Unicast {
            peers: peers.into_iter().map(|(peer, _)| peer).collect(),
            ttl: ttl.as_ref().and_then(|set| u8::try_from(set.value).ok()),
            check_source,
        }
    }

    fn group(&mut self, own: Option<Set<IpAddr>>, family: Family) -> IpAddr {
        if let Some(set) = own.as_ref().filter(|set| !set.value.is_multicast()) {
            self.complain(
                code::BAD_ADDRESS,
                set.at,
                format!("{} is no multicast group; it is ignored", set.value),
            );
        } else if let Some(group) = self.of_family(own, family, "group") {
            return group;
        }
        let global = self.resolver.global;
        let (global, default) = match family {
            Family::V4 => (&global.vrrp_mcast_group4, Mode::GROUP_V4),
            Family::V6 => (&global.vrrp_mcast_group6, Mode::GROUP_V6),
        };
        global.as_ref().map_or(default, |set| set.value)
    }
}
