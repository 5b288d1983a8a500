//! Keys (RFC 5880 §6.7).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

/// Authentication of a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthConfig {
    /// How.
    pub kind: AuthKind,
    /// Keys that are accepted; the first is sent. Not empty, identifiers are unique, and no secret is longer than
    /// [`AuthKind::longest_secret`].
    pub keys: Vec<AuthKey>,
}

/// Authentication type (RFC 5880 §4.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum AuthKind {
    /// In clear.
    SimplePassword,
    /// MD5; the sequence number counts changes.
    KeyedMd5,
    /// MD5; the sequence number counts packets.
    MeticulousKeyedMd5,
    /// SHA1; the sequence number counts changes.
    KeyedSha1,
    /// SHA1; the sequence number counts packets.
    MeticulousKeyedSha1,
}

impl AuthKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::SimplePassword,
        Self::KeyedMd5,
        Self::MeticulousKeyedMd5,
        Self::KeyedSha1,
        Self::MeticulousKeyedSha1,
    ];

    /// The Auth Type field.
    pub const fn number(self) -> u8 {
        match self {
            Self::SimplePassword => 1,
            Self::KeyedMd5 => 2,
            Self::MeticulousKeyedMd5 => 3,
            Self::KeyedSha1 => 4,
            Self::MeticulousKeyedSha1 => 5,
        }
    }

    /// Bytes of digest or hash; `None` for a password.
    pub const fn digest_length(self) -> Option<u8> {
        match self {
            Self::SimplePassword => None,
            Self::KeyedMd5 | Self::MeticulousKeyedMd5 => Some(16),
            Self::KeyedSha1 | Self::MeticulousKeyedSha1 => Some(20),
        }
    }

    /// Most bytes of a secret.
    pub const fn longest_secret(self) -> usize {
        match self {
            Self::SimplePassword | Self::KeyedMd5 | Self::MeticulousKeyedMd5 => 16,
            Self::KeyedSha1 | Self::MeticulousKeyedSha1 => 20,
        }
    }

    /// Whether each packet has another sequence number.
    pub const fn is_meticulous(self) -> bool {
        match self {
            Self::MeticulousKeyedMd5 | Self::MeticulousKeyedSha1 => true,
            Self::SimplePassword | Self::KeyedMd5 | Self::KeyedSha1 => false,
        }
    }
}

/// A key: its identifier and its secret of 1 to 20 bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthKey {
    id: u8,
    secret: Vec<u8>,
}

/// What is wrong with a text that should have been a secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadKey {
    /// It has no bytes, or more than 20.
    Length,
    /// It begins with `0x` and goes on with something else than pairs of hexadecimal digits.
    Hexadecimal,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a key has 1 to 20 bytes",
            Self::Hexadecimal => "a key after 0x is made of pairs of hexadecimal digits",
        })
    }
}

impl core::error::Error for BadKey {}

impl AuthKey {
    /// A key with this secret.
    pub fn new(id: u8, secret: &[u8]) -> Result<Self, BadKey> {
        if (1..=20).contains(&secret.len()) {
            Ok(Self { id, secret: secret.into() })
        } else {
            Err(BadKey::Length)
        }
    }

    /// A key from a configuration file. RFC 5880 §6.7.2: "MUST accept ASCII strings, and SHOULD also allow for the
    /// configuration of any arbitrary binary string in hexadecimal form", which begins with `0x`.
    pub fn parse(id: u8, text: &str) -> Result<Self, BadKey> {
        let Some(digits) = text.strip_prefix("0x") else { return Self::new(id, text.as_bytes()) };
        let digits: Option<Vec<u8>> = digits
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.ok_or(BadKey::Hexadecimal)?;
        let pairs = digits.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return Err(BadKey::Hexadecimal);
        }
        let secret: Vec<u8> = pairs.map(|pair| pair[0] << 4 | pair[1]).collect();
        Self::new(id, &secret)
    }

    /// The Auth Key ID field.
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// The secret.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for AuthKey {
    /// Without the secret: this text reaches logs and recordings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = String::from("********");
        f.debug_struct("AuthKey").field("id", &self.id).field("secret", &hidden).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// R5880-6.7.2-05, R5880-6.7.3-06, R5880-6.7.4-06, R5880-6.7.2-06, R5880-6.7.3-07, R5880-6.7.4-07: "MUST accept
    /// ASCII strings, and SHOULD also allow for the configuration of any arbitrary binary string in hexadecimal form."
    #[test]
    fn a_key_is_text_or_hexadecimal() {
        assert_eq!(AuthKey::parse(1, "sesame").unwrap().secret(), b"sesame");
        assert_eq!(AuthKey::parse(1, "0x00ff7F").unwrap().secret(), [0, 255, 127]);
        assert_eq!(AuthKey::parse(1, "0x123"), Err(BadKey::Hexadecimal));
        assert_eq!(AuthKey::parse(1, "0xzz"), Err(BadKey::Hexadecimal));
    }

    /// R5880-4.2-01, R5880-6.7.2-04: "The password is a binary string, and MUST be 1 to 16 bytes in length."
    #[test]
    fn a_key_has_1_to_20_bytes_and_a_password_16() {
        assert_eq!(AuthKey::parse(1, ""), Err(BadKey::Length));
        assert_eq!(AuthKey::parse(1, "0x"), Err(BadKey::Length));
        assert!(AuthKey::new(1, &[1; 20]).is_ok());
        assert_eq!(AuthKey::new(1, &[1; 21]), Err(BadKey::Length));
        assert_eq!(AuthKind::SimplePassword.longest_secret(), 16);
        assert_eq!(AuthKind::KeyedMd5.longest_secret(), 16);
        assert_eq!(AuthKind::KeyedSha1.longest_secret(), 20);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let shown = format!("{:?}", AuthKey::parse(3, "sesame").unwrap());
        assert!(!shown.contains("sesame") && shown.contains('3'), "{shown}");
    }
}
