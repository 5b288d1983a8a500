//! Rules: what a packet must be like, one expression after the other, and what becomes of it then.
//!
//! An expression loads into or looks at registers: 1 and 2 of sixteen bytes each, which lie side by side, so that a key
//! of two parts begins in 1 and goes on in 2.

use super::super::attributes::Attributes;

/// Registers.
const VERDICT: u32 = 0;
const FIRST: u32 = 1;
const SECOND: u32 = 2;
/// Where a payload is counted from.
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;
/// What is known of a packet (`enum nft_meta_keys`).
const IIF: u32 = 4;
const OIF: u32 = 5;
const IIFNAME: u32 = 6;
const OIFNAME: u32 = 7;
const L4PROTO: u32 = 16;
const OIFKIND: u32 = 27;
/// Protocol numbers and where the headers have them.
const ICMPV6: u8 = 58;
const IPV4_PROTOCOL: u32 = 9;
const IPV6_NEXT_HEADER: u32 = 6;

/// What becomes of a packet.
#[derive(Clone, Copy)]
pub(super) enum Verdict {
    /// `NF_DROP` or `NF_ACCEPT`.
    Final(u32),
    /// Goes on in another chain and does not come back.
    Goto(&'static str),
}

pub(super) const DROP: Verdict = Verdict::Final(0);
pub(super) const ACCEPT: Verdict = Verdict::Final(1);

/// A rule while it is written.
pub(super) struct Rule {
    put: Attributes,
}

impl Rule {
    pub(super) fn new() -> Self {
        Self { put: Attributes::default() }
    }

    /// IPv4 packets of a protocol.
    pub(super) fn ip_protocol(self, protocol: u8) -> Self {
        self.payload(NETWORK, IPV4_PROTOCOL, 1, FIRST).equals(FIRST, &[protocol])
    }

    /// ICMPv6 packets of a type, wherever in the packet it stands.
    pub(super) fn icmpv6(self, kind: u8) -> Self {
        let rule = self.meta(L4PROTO, FIRST).equals(FIRST, &[ICMPV6]);
        rule.payload(TRANSPORT, 0, 1, FIRST).equals(FIRST, &[kind])
    }

    /// ICMPv6 packets without extension headers; loads the type.
    pub(super) fn icmpv6_type_of_header(self) -> Self {
        let rule = self.payload(NETWORK, IPV6_NEXT_HEADER, 1, FIRST).equals(FIRST, &[ICMPV6]);
        rule.payload(TRANSPORT, 0, 1, FIRST)
    }

    /// Loads an address of the header.
    pub(super) fn address(self, offset: u32, length: u32) -> Self {
        self.payload(NETWORK, offset, length, FIRST)
    }

    /// Packets whose address, as loaded, is in fe80::/10.
    pub(super) fn begins_with_link_local(self) -> Self {
        let (mut mask, mut prefix) = ([0; 16], [0; 16]);
        (mask[0], mask[1]) = (0xff, 0xc0);
        (prefix[0], prefix[1]) = (0xfe, 0x80);
        let rule = self.expression("bitwise", |put| {
            put.put_be32(1, FIRST);
            put.put_be32(2, FIRST);
            put.put_be32(3, 16);
            put.nest(4, |put| put.put(1, &mask));
            put.nest(5, |put| put.put(1, &[0; 16]));
        });
        rule.equals(FIRST, &prefix)
    }

    /// Packets that leave by a macvlan.
    pub(super) fn by_macvlan(self) -> Self {
        let mut kind = [0; 16];
        for (to, from) in kind.iter_mut().zip(b"macvlan") {
            *to = *from;
        }
        self.meta(OIFKIND, SECOND).equals(SECOND, &kind)
    }

    /// Loads the link that a packet leaves or comes in by, beside an address.
    pub(super) fn out_by(self) -> Self {
        self.meta(OIF, SECOND)
    }

    pub(super) fn in_by(self) -> Self {
        self.meta(IIF, SECOND)
    }

    pub(super) fn out_by_name(self) -> Self {
        self.meta(OIFNAME, SECOND)
    }

    pub(super) fn in_by_name(self) -> Self {
        self.meta(IIFNAME, SECOND)
    }

    /// Packets for which what is loaded is in a set.
    pub(super) fn within(self, set: &str) -> Self {
        self.lookup(set, FIRST, None)
    }

    /// Packets whose link alone is in a set.
    pub(super) fn link_within(self, set: &str) -> Self {
        self.lookup(set, SECOND, None)
    }

    /// Sends a copy to the loaded address by the link that a map has for the one that the packet leaves by.
    pub(super) fn dup_to_base(self, map: &str) -> Self {
        let rule = self.meta(OIF, SECOND).lookup(map, SECOND, Some(SECOND));
        rule.expression("dup", |put| {
            put.put_be32(1, FIRST);
            put.put_be32(2, SECOND);
        })
    }

    /// Counts packets that came so far.
    pub(super) fn counted(self) -> Self {
        self.expression("counter", |put| {
            put.put(1, &[0; 8]);
            put.put(2, &[0; 8]);
        })
    }

    /// The expressions with what becomes of a packet for which all hold.
    pub(super) fn judged(self, verdict: Verdict) -> Vec<u8> {
        // Above zero a verdict ends, below it goes on elsewhere (linux/netfilter/nf_tables.h, NFT_GOTO).
        const GOTO: u32 = (-4_i32).cast_unsigned();
        let rule = self.expression("immediate", |put| {
            put.put_be32(1, VERDICT);
            put.nest(2, |put| {
                put.nest(2, |put| match verdict {
                    Verdict::Final(code) => put.put_be32(1, code),
                    Verdict::Goto(chain) => {
                        put.put_be32(1, GOTO);
                        put.put_text(2, chain);
                    }
                });
            });
        });
        rule.put.into_bytes()
    }

    fn payload(self, base: u32, offset: u32, length: u32, to: u32) -> Self {
        self.expression("payload", |put| {
            put.put_be32(1, to);
            put.put_be32(2, base);
            put.put_be32(3, offset);
            put.put_be32(4, length);
        })
    }

    fn meta(self, key: u32, to: u32) -> Self {
        self.expression("meta", |put| {
            put.put_be32(1, to);
            put.put_be32(2, key);
        })
    }

    fn equals(self, register: u32, value: &[u8]) -> Self {
        self.expression("cmp", |put| {
            put.put_be32(1, register);
            put.put_be32(2, 0);
            put.nest(3, |put| put.put(1, value));
        })
    }

    fn lookup(self, set: &str, register: u32, to: Option<u32>) -> Self {
        self.expression("lookup", |put| {
            put.put_text(1, set);
            put.put_be32(2, register);
            if let Some(to) = to {
                put.put_be32(3, to);
            }
        })
    }

    fn expression(mut self, name: &str, write: impl FnOnce(&mut Attributes)) -> Self {
        self.put.nest(1, |put| {
            put.put_text(1, name);
            put.nest(2, write);
        });
        self
    }
}
