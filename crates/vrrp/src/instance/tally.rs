//! What an instance has counted.

use alloc::boxed::Box;

use crate::status::Counters;

/// What happens in every life, and the rest from its first time on: most instances never see an odd packet.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) adverts_received: u64,
    pub(super) adverts_sent: u64,
    pub(super) became_master: u64,
    pub(super) released_master: u64,
    pub(super) release_received: u64,
    pub(super) release_sent: u64,
    pub(super) addresses_restored: u64,
    pub(super) unsent: u64,
    odd: Option<Box<Counters>>,
}

impl Tally {
    /// The counters that are none of its own fields.
    pub(super) fn odd(&mut self) -> &mut Counters {
        self.odd.get_or_insert_default()
    }

    /// All of them.
    pub(super) fn counters(&self) -> Counters {
        let Self {
            adverts_received,
            adverts_sent,
            became_master,
            released_master,
            release_received,
            release_sent,
            addresses_restored,
            unsent,
            ref odd,
        } = *self;
        let odd = odd.as_deref().copied().unwrap_or_default();
        Counters {
            adverts_received,
            adverts_sent,
            became_master,
            released_master,
            release_received,
            release_sent,
            addresses_restored,
            unsent,
            ..odd
        }
    }
}
