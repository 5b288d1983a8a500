//! Who may speak: passwords and signatures.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// Version 2 authentication (RFC 2338 §5.3.6; RFC 3768 dropped it, As keepalived: kept).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// Type 0, and all there is in version 3.
    None,
    /// Type 1: eight bytes in clear, padded with zeros.
    Password([u8; 8]),
    /// Type 2: an IP authentication header, IPv4 only. The key: the password, padded with zeros.
    Header([u8; 8]),
}

impl fmt::Debug for Authentication {
    /// Without the password: this text reaches logs and recordings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Password(_) => "Password(********)",
            Self::Header(_) => "Header(********)",
        })
    }
}

/// Signed adverts: a trailer of HMAC-SHA256 (`auth_hmac`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hmac {
    /// Keys by their numbers, which are unique and 1 to 255.
    pub keys: Vec<HmacKey>,
    /// The one that signs; it is among [`Self::keys`].
    pub active: u8,
    /// How far clocks may differ, 1 to 300 s.
    pub window: Duration,
    /// Repeats are told by a counter, not by the time.
    pub monotonic: bool,
    /// What is done with unsigned adverts, and whether own ones are signed.
    pub mode: HmacMode,
}

/// One key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HmacKey {
    /// Its number.
    pub id: u8,
    /// 32 to 64 bytes.
    pub secret: Vec<u8>,
}

impl fmt::Debug for HmacKey {
    /// Without the secret: this text reaches logs and recordings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HmacKey({}, ********)", self.id)
    }
}

/// How strictly adverts must be signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum HmacMode {
    /// Own ones are, others must be.
    #[default]
    Enforce,
    /// Own ones are, others may be.
    Permissive,
    /// Own ones are not, others may be.
    ReceiveOnly,
}
