//! Adverts out, and what is asked of adverts in.

use core::net::IpAddr;

use host::{Datagram, Delivery, Family, Instant, Packet};

use super::said::REMIND;
use super::{Instance, Said, Stage, Turn};
use crate::config::{Authentication, Mode, Priority, ReceiveBuffer, UnicastChecksum, Version};
use crate::event::Action;
use crate::links::Links;
use crate::notice::{Heard, InstanceFact, Reject};
use crate::status::Counters;
use crate::wire::{Advert, Coverage, DecodeError, Expect, Ipv4Header, Proof, Seal};

impl Instance {
    /// What an advert from `source` must be like to be this instance's.
    pub(super) fn expectation(&self, source: IpAddr, now: Instant) -> Expect<'_> {
        Expect {
            version: self.config.version,
            unicast: matches!(self.config.mode, Mode::Unicast { .. }),
            demand: self.seals.demand(&self.config, source, now),
            interval: self.config.interval,
            unicast_checksum: self.config.unicast_checksum,
        }
    }

    /// Keeps what a peer's checksum covers. As keepalived: one that is of old is answered in kind from then on.
    pub(super) fn mind_checksum(&mut self, coverage: Coverage, from: IpAddr, turn: &mut Turn<'_>) {
        self.coverage = Some(coverage);
        let old = coverage == Coverage::OldPseudoHeader;
        if old && self.config.unicast_checksum == UnicastChecksum::Learn && !self.old_peers {
            self.old_peers = true;
            self.say(InstanceFact::Heard { from, what: Heard::OldChecksum }, turn);
        }
    }

    /// Keeps the proof of an advert from `from`, so that none of it is believed again.
    pub(super) fn believe(&mut self, proof: Proof, from: IpAddr, turn: &mut Turn<'_>) {
        self.seals.believe(proof, &self.config, from);
        let (Some(stamp), Some(hmac)) = (proof.stamp(), &self.config.hmac) else { return };
        let (ahead, window) = (stamp.ahead_of(self.seals.wall(turn.now)), hmac.window);
        let wide = u64::from(ahead.unsigned_abs()) * 2 > window.as_secs();
        if wide && !hmac.monotonic && self.first_time(Said::Clock) {
            self.say(InstanceFact::Heard { from, what: Heard::ClockDiffers { ahead, window } }, turn);
        }
    }

    /// Gives mastership up on the wire (RFC 9568 §6.4.3: "Send an ADVERTISEMENT with Priority = 0"), if the link can
    /// carry it.
    pub(super) fn release(&mut self, turn: &mut Turn<'_>) {
        if self.place.is_some_and(|place| place.up) && self.source.is_some() {
            self.advert(Priority::RELEASE, turn);
            self.tally.release_sent += 1;
            self.say(InstanceFact::ReleaseSent, turn);
        }
    }

    /// Sends an advert to the group or to each peer.
    pub(super) fn advert(&mut self, priority: Priority, turn: &mut Turn<'_>) {
        let (Some(place), Some(source)) = (self.place, self.source) else { return };
        self.tally.adverts_sent += 1;
        // As keepalived: the identification counts from 1 and leaves 0 out.
        self.ipv4_id = self.ipv4_id.checked_add(1).unwrap_or(1);
        let advert = self.compose(priority);
        let tag = u64::from(self.id.0);
        // One for all peers: none of it names them.
        let seal = self.seals.next(&self.config, turn.now);
        let mut send = |packet| turn.out.push(Action::Send(Datagram { link: place.adverts, packet, tag }));
        match &self.config.mode {
            Mode::Multicast { group } => send(self.packet(&advert, seal, (source, *group), Some(255))),
            Mode::Unicast { peers, ttl, .. } => {
                for peer in peers {
                    send(self.packet(&advert, seal, (source, peer.address), *ttl));
                }
            }
        }
    }

    /// Its part of the buffer that adverts come in by. As keepalived: an advert is as long as our own, IP header included.
    pub(crate) fn receive_buffer(&self, links: &Links) -> Option<u32> {
        Some(match self.config.receive_buffer? {
            ReceiveBuffer::Bytes(bytes) => bytes,
            ReceiveBuffer::Mtu(times) => links.get(self.place?.adverts)?.mtu.saturating_mul(times),
            ReceiveBuffer::Advert(times) => self.advert_length().saturating_mul(times),
        })
    }

    /// Bytes of an advert with its IP header.
    fn advert_length(&self) -> u32 {
        let config = &self.config;
        let (header, address) = match config.family {
            Family::V4 => (20_u32, 4),
            Family::V6 => (40, 16),
        };
        // Version 2 over IPv4 has room for a password, used or not.
        let password = if config.version == Version::V2 && config.family == Family::V4 { 8 } else { 0 };
        let authentication_header =
            if matches!(config.authentication, Authentication::Header(_)) { 24 } else { 0 };
        let trailer = if config.hmac.is_some() { 28 } else { 0 };
        let addresses = u32::try_from(config.addresses.len()).unwrap_or(u32::MAX).saturating_mul(address);
        (header + 8 + password + authentication_header + trailer).saturating_add(addresses)
    }

    fn compose(&self, priority: Priority) -> Advert {
        let config = &self.config;
        let old = match config.unicast_checksum {
            UnicastChecksum::Old => true,
            UnicastChecksum::Learn => self.old_peers,
            UnicastChecksum::Right => false,
        };
        let coverage = if config.version == Version::V2 || config.checksum_as_v2 {
            Coverage::Advert
        } else if old && matches!(config.mode, Mode::Unicast { .. }) {
            Coverage::OldPseudoHeader
        } else {
            Coverage::PseudoHeader
        };
        Advert {
            version: config.version,
            vrid: config.vrid,
            priority,
            interval: config.interval,
            coverage,
            addresses: config.addresses.iter().map(|address| address.prefix.address()).collect(),
        }
    }

    fn packet(&self, advert: &Advert, seal: Seal<'_>, way: (IpAddr, IpAddr), ttl: Option<u8>) -> Packet {
        match way {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let header = Ipv4Header { id: self.ipv4_id, ttl: ttl.unwrap_or(255), source, destination };
                Packet::Ipv4(advert.encode_ipv4(&header, seal))
            }
            (source, destination) => {
                let payload = advert.encode_ipv6(source, seal);
                Packet::Ipv6 { source, destination, hop_limit: ttl, payload }
            }
        }
    }

    /// As keepalived, where `check_unicast_src` is set: the source of a unicast advert is a peer, and its TTL lies
    /// within that peer's bounds. So it is where adverts are signed, whoever checks what. No RFC knows unicast.
    pub(super) fn admit(&self, delivery: &Delivery) -> Result<(), Reject> {
        let Mode::Unicast { peers, check_source, .. } = &self.config.mode else { return Ok(()) };
        if !check_source && self.config.hmac.is_none() {
            return Ok(());
        }
        let peer = peers.iter().find(|peer| peer.address == delivery.source).ok_or(Reject::UnknownPeer)?;
        match delivery.hop_limit {
            Some(ttl) if ttl < peer.ttl.0 || ttl > peer.ttl.1 => Err(Reject::PeerTtl(ttl)),
            _ => Ok(()),
        }
    }

    /// RFC 9568 §5.2.5: "If the received count is 0, the VRRP advertisement MUST be ignored." Of two that are configured
    /// without addresses (`no_virtual_ipaddress`) each sends such adverts. Differs: Keepalived takes in any.
    pub(super) fn carries_addresses(&self, advert: &Advert) -> Result<(), Reject> {
        let ignored =
            advert.version == Version::V3 && advert.addresses.is_empty() && !self.config.addresses.is_empty();
        if ignored { Err(Reject::NoAddresses) } else { Ok(()) }
    }

    /// Counts a packet that is dropped, and says so once a kind.
    pub(super) fn reject(&mut self, from: IpAddr, why: Reject, turn: &mut Turn<'_>) {
        let counter = counter(self.tally.odd(), why);
        *counter += 1;
        let kind = match why {
            Reject::Decode(error) => Some(core::mem::discriminant(&error)),
            Reject::UnknownPeer | Reject::NoAddresses | Reject::PeerTtl(_) => None,
        };
        let said = Said::Rejected(core::mem::discriminant(&why), kind);
        if let Some(more) = self.may_say(said, REMIND, turn.now) {
            self.say(InstanceFact::Heard { from, what: Heard::Rejected { why, more } }, turn);
        }
    }

    /// Compares what is only worth a remark: addresses and, in version 3, the interval.
    pub(super) fn compare(&mut self, advert: &Advert, from: IpAddr, turn: &mut Turn<'_>) {
        let ours = self.config.interval;
        if advert.interval != ours && self.first_time(Said::Interval) {
            self.say(
                InstanceFact::Heard { from, what: Heard::IntervalDiffers { ours, theirs: advert.interval } },
                turn,
            );
        }
        let from_known_master = self.rival.is_some_and(|rival| rival.address == from);
        let master = matches!(self.stage, Stage::Master(_));
        if self.config.skip_address_check && from_known_master && !master {
            return;
        }
        // RFC 9568 §7.1: "MAY verify that the IPvX addresses ... match"; As keepalived since 2.3.3: counted, said,
        // and the advert counts all the same.
        let (ours, theirs) = (self.config.addresses.len(), advert.addresses.len());
        let mut own = self.config.addresses.iter().map(|address| address.prefix.address());
        let what = if ours == theirs {
            let missing = own.find(|own| !advert.addresses.contains(own));
            missing.map(|address| Heard::AddressMissing { address, vrid: self.config.vrid })
        } else {
            Some(Heard::AddressCountDiffers { ours, theirs })
        };
        if let Some(what) = what {
            self.tally.odd().address_list += 1;
            if self.first_time(Said::AddressList) {
                self.say(InstanceFact::Heard { from, what }, turn);
            }
        }
    }
}

/// Where a packet that is dropped is counted.
fn counter(counters: &mut Counters, why: Reject) -> &mut u64 {
    let error = match why {
        Reject::UnknownPeer => return &mut counters.unknown_peer,
        Reject::NoAddresses => return &mut counters.address_list,
        Reject::PeerTtl(_) => return &mut counters.ttl,
        Reject::Decode(error) => error,
    };
    match error {
        DecodeError::Length => &mut counters.packet_length,
        DecodeError::Ttl(_) => &mut counters.ttl,
        DecodeError::Version(_) => &mut counters.version,
        DecodeError::InvalidAuthenticationType(_) => &mut counters.invalid_authentication_type,
        DecodeError::AuthenticationTypeMismatch { .. } => &mut counters.authentication_type_mismatch,
        DecodeError::AuthenticationFailure
        | DecodeError::NextHeader(_)
        | DecodeError::WrongValue
        | DecodeError::SecurityIndex(_)
        | DecodeError::Sequence { .. } => &mut counters.authentication_failure,
        DecodeError::Unsigned => &mut counters.signatures.missing,
        DecodeError::MalformedSignature => &mut counters.signatures.malformed,
        DecodeError::UnknownKey(_) => &mut counters.signatures.unknown_key,
        DecodeError::WrongSignature(_) => &mut counters.signatures.wrong,
        DecodeError::Stale { .. } => &mut counters.signatures.stale,
        DecodeError::Replayed => &mut counters.signatures.replayed,
        DecodeError::Interval { .. } | DecodeError::ZeroInterval => &mut counters.interval,
        DecodeError::Type(_) => &mut counters.invalid_type,
        DecodeError::Checksum => &mut counters.checksum,
        DecodeError::Destination => &mut counters.address_list,
    }
}
