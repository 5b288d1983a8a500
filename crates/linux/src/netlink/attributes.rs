//! Writing attributes: length, kind, value, and bytes up to the next multiple of four.
//!
//! The codecs of others know most of what we say about routes, but not identifier-locator addressing, and nothing of
//! packet filters. One small writer says it all, and what it writes can be read beside the kernel's headers.

/// Bytes of an attribute before its value.
const HEADER: usize = 4;
/// The value is attributes (linux/netlink.h, `NLA_F_NESTED`).
const NESTED: u16 = 1 << 15;

/// Attributes one after the other, behind the header of a message's own.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    bytes: Vec<u8>,
}

impl Attributes {
    /// Attributes after a message's own header, a multiple of four bytes long.
    pub(super) fn after(header: &[u8]) -> Self {
        Self { bytes: header.to_vec() }
    }

    /// Appends an attribute.
    pub(super) fn put(&mut self, kind: u16, value: &[u8]) {
        self.within(kind, |inner| inner.bytes.extend_from_slice(value));
    }

    /// Appends a byte.
    pub(super) fn put_u8(&mut self, kind: u16, value: u8) {
        self.put(kind, &[value]);
    }

    /// Appends a number in the host's order of bytes, as most of rtnetlink wants it.
    pub(super) fn put_u32(&mut self, kind: u16, value: u32) {
        self.put(kind, &value.to_ne_bytes());
    }

    /// Appends a number in network order, as nf_tables wants it.
    pub(super) fn put_be32(&mut self, kind: u16, value: u32) {
        self.put(kind, &value.to_be_bytes());
    }

    /// Appends text with the zero byte that ends it.
    pub(super) fn put_text(&mut self, kind: u16, text: &str) {
        self.within(kind, |inner| {
            inner.bytes.extend_from_slice(text.as_bytes());
            inner.bytes.push(0);
        });
    }

    /// Appends an address, four bytes or sixteen.
    pub(super) fn put_ip(&mut self, kind: u16, address: std::net::IpAddr) {
        match address {
            std::net::IpAddr::V4(address) => self.put(kind, &address.octets()),
            std::net::IpAddr::V6(address) => self.put(kind, &address.octets()),
        }
    }

    /// Appends attributes within an attribute, not marked as such: rtnetlink came before the mark.
    pub(super) fn within(&mut self, kind: u16, write: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; HEADER]);
        write(self);
        // Nothing that a configuration can say comes near the limit; what did would be refused by the kernel.
        let length = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.bytes[start + 2..start + 4].copy_from_slice(&kind.to_ne_bytes());
        self.align();
    }

    /// Appends attributes within an attribute that is marked as such.
    pub(super) fn nest(&mut self, kind: u16, write: impl FnOnce(&mut Self)) {
        self.within(kind | NESTED, write);
    }

    /// Appends bytes that are no attribute, such as the header of a next hop, and what follows in its length, which
    /// stands in its first two bytes as an attribute's does.
    pub(super) fn record(&mut self, header: &[u8], write: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(header);
        write(self);
        let length = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
        if let Some(field) = self.bytes.get_mut(start..start + 2) {
            field.copy_from_slice(&length.to_ne_bytes());
        }
        self.align();
    }

    /// Appends attributes that were written elsewhere.
    pub(super) fn append(&mut self, attributes: &[u8]) {
        self.bytes.extend_from_slice(attributes);
        self.align();
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn align(&mut self) {
        self.bytes.resize(super::aligned(self.bytes.len()), 0);
    }
}
