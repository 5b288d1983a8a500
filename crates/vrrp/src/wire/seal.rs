//! What makes an advert credible: put on it by its sender, demanded and believed by its receiver.

use core::time::Duration;

use super::Stamp;
use crate::config::{Authentication, Hmac, HmacKey};

/// What is put on an advert that is sent.
#[derive(Clone, Copy)]
pub enum Seal<'a> {
    /// Nothing.
    None,
    /// Version 2 over IPv4: a password in clear (RFC 2338 §5.3.6.2).
    Password(&'a [u8; 8]),
    /// Version 2 over IPv4: an IP authentication header (RFC 2338 §5.3.6.3).
    Header {
        /// The key.
        key: &'a [u8; 8],
        /// Greater than that of any advert before it.
        sequence: u32,
    },
    /// A signature behind the advert.
    Signature {
        /// The key.
        key: &'a HmacKey,
        /// Later than that of any advert before it.
        stamp: Stamp,
    },
}

impl Seal<'_> {
    /// The number by which version 2 names it (RFC 2338 §5.3.6).
    pub(super) const fn number(&self) -> u8 {
        match self {
            Self::None | Self::Signature { .. } => 0,
            Self::Password(_) => 1,
            Self::Header { .. } => 2,
        }
    }
}

/// What an advert that came in must bear.
#[derive(Clone, Copy)]
pub enum Demand<'a> {
    /// What the configuration of version 2 says; an authentication header's sequence number exceeds `known`.
    Plain {
        /// The configuration.
        authentication: &'a Authentication,
        /// The sequence number last heard or sent.
        known: u32,
    },
    /// A signature.
    Signature {
        /// The keys, and how strictly it is demanded.
        hmac: &'a Hmac,
        /// The time since 1970 (UTC).
        now: Duration,
        /// The stamp last believed of this sender.
        last: Option<Stamp>,
    },
}

impl Demand<'_> {
    /// Nothing at all.
    pub const NONE: Demand<'static> = Demand::Plain { authentication: &Authentication::None, known: 0 };

    /// The number by which version 2 names it (RFC 2338 §5.3.6).
    pub(super) const fn number(&self) -> u8 {
        match self {
            Self::Plain { authentication, .. } => match authentication {
                Authentication::None => 0,
                Authentication::Password(_) => 1,
                Authentication::Header(_) => 2,
            },
            Self::Signature { .. } => 0,
        }
    }
}

/// Proof that an advert bears what was demanded. Only [`super::decode`] makes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proof(Evidence);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Evidence {
    Nothing,
    Sequence(u32),
    Stamp(Stamp),
}

impl Proof {
    pub(super) const fn of(evidence: Evidence) -> Self {
        Self(evidence)
    }

    /// The sequence number of an authentication header.
    pub const fn sequence(self) -> Option<u32> {
        match self.0 {
            Evidence::Sequence(sequence) => Some(sequence),
            Evidence::Nothing | Evidence::Stamp(_) => None,
        }
    }

    /// The stamp of a signature.
    pub const fn stamp(self) -> Option<Stamp> {
        match self.0 {
            Evidence::Stamp(stamp) => Some(stamp),
            Evidence::Nothing | Evidence::Sequence(_) => None,
        }
    }
}
