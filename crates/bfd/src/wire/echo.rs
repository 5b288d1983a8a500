//! The Echo packet. Only its sender ever looks at its content (RFC 5880 §5).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                      Local discriminator                      |
//! |                        Sequence number                        |
//! |              SHA1 of our secret and the above (20)            |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use alloc::vec::Vec;

use host::bytes::{Put, Reader, Short};
use sha1::{Digest, Sha1};

use super::auth::same;

/// What only this life of this daemon knows. RFC 5880 §5: "Some form of authentication SHOULD be included, since
/// Echo packets may be spoofed."
#[derive(Clone)]
pub struct Secret([u8; 20]);

impl Secret {
    /// A secret from chance.
    pub fn new(seed: u64) -> Self {
        Self(Sha1::new().chain_update(b"echo").chain_update(seed.to_be_bytes()).finalize().into())
    }

    fn hash(&self, head: &[u8]) -> [u8; 20] {
        Sha1::new().chain_update(self.0).chain_update(head).finalize().into()
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(********)")
    }
}

/// An Echo packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EchoPacket {
    /// Our session.
    pub discriminator: u32,
    /// The how manieth it is.
    pub sequence: u32,
}

impl EchoPacket {
    /// Its bytes.
    pub fn encode(&self, secret: &Secret) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(28);
        bytes.put_u32(self.discriminator);
        bytes.put_u32(self.sequence);
        let hash = secret.hash(&bytes);
        bytes.put(&hash);
        bytes
    }

    /// The packet, if we sent it.
    pub fn decode(bytes: &[u8], secret: &Secret) -> Option<Self> {
        let (head, hash) = bytes.split_at_checked(8)?;
        if !same(hash, &secret.hash(head)) {
            return None;
        }
        Self::read(head).ok()
    }

    fn read(head: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(head);
        Ok(Self { discriminator: reader.u32()?, sequence: reader.u32()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R5880-5-01: an Echo packet carries some form of authentication.
    #[test]
    fn only_what_we_sent_is_read_back() {
        let secret = Secret::new(7);
        let packet = EchoPacket { discriminator: 0x1234, sequence: 9 };
        let bytes = packet.encode(&secret);
        assert_eq!(EchoPacket::decode(&bytes, &secret), Some(packet));
        assert_eq!(EchoPacket::decode(&bytes, &Secret::new(8)), None, "another life's");
        for length in 0..bytes.len() {
            assert_eq!(EchoPacket::decode(&bytes[..length], &secret), None);
        }
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            assert_eq!(EchoPacket::decode(&wrong, &secret), None, "byte {at}");
        }
    }
}
